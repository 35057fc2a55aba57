//! What the pallets need of each other. Each trait has one implementor in the runtime, but for [`ProviderRecords`].

use sp_runtime::{DispatchError, DispatchResult};

use crate::{holdings::Leaf, resource::ResourceKind, AgreementId, Balance, Hash32, Period};

/// The register of providers: who may take work on, and the stake that stands behind it. By `pallet-providers`.
pub trait ProviderRegistry<AccountId> {
	/// Reserves `units` of `kind`, if the provider is active, offers that much, and has the stake for it.
	fn commit(provider: &AccountId, kind: ResourceKind, units: u64) -> DispatchResult;
	/// Gives `units` back. Never fails: what was committed can always be released.
	fn release(provider: &AccountId, kind: ResourceKind, units: u64);
	/// Units of `kind` that are reserved. What the market owes must be as much.
	fn committed(provider: &AccountId, kind: ResourceKind) -> u64;
	/// Takes up to `amount` from the stake: `shares` names who gets which parts per million of it, the rest
	/// goes to the treasury. Answers what was taken.
	fn slash(provider: &AccountId, amount: Balance, shares: &[(AccountId, u32)]) -> Balance;
	/// The stake that is bonded, the part that is waiting to be unbonded included.
	fn stake(provider: &AccountId) -> Balance;
	/// No new work until reinstated. Answers whether that is new: nothing happens to one that is suspended already.
	fn suspend(provider: &AccountId) -> bool;
	/// Ends a suspension. Answers whether there was one.
	fn reinstate(provider: &AccountId) -> bool;
	/// Out for good: its columns go to repair.
	fn terminate(provider: &AccountId);
	/// Whether nobody is registered.
	fn is_unused() -> bool;
	/// Whether the provider may take new work on.
	fn is_active(provider: &AccountId) -> bool;
	/// Whether the provider, by the offer that it has out now, would keep `units` that are committed already for `periods`
	/// periods from now at `rate` planck a period: what an extension asks in place of a new signature. It must be active,
	/// ask no more for them, offer that long, and neither its capacity nor its bond may fall short of what is committed.
	fn would_extend(provider: &AccountId, kind: ResourceKind, units: u64, rate: Balance, periods: u32) -> bool;
	/// Benchmarks only: a registered, well-bonded provider with a large storage offer.
	#[cfg(feature = "runtime-benchmarks")]
	fn prepare(provider: &AccountId);
}

/// What a pallet keeps about a provider for as long as it is registered. By `pallet-marketplace`, `pallet-storage-proofs`,
/// `pallet-reputation` and `pallet-escrow`.
pub trait ProviderRecords<AccountId> {
	/// Forgets the provider, which has left: its stake was what stood behind the records. It has nothing committed, so it
	/// owes nothing; what it has earned is paid to it.
	fn forget(provider: &AccountId);
	/// The worst case weight of one [`ProviderRecords::forget`].
	fn forget_weight() -> sp_runtime::Weight;
}

impl<AccountId> ProviderRecords<AccountId> for () {
	fn forget(_: &AccountId) {}
	fn forget_weight() -> sp_runtime::Weight {
		sp_runtime::Weight::zero()
	}
}

impl<AccountId, A, B, C, D> ProviderRecords<AccountId> for (A, B, C, D)
where
	A: ProviderRecords<AccountId>,
	B: ProviderRecords<AccountId>,
	C: ProviderRecords<AccountId>,
	D: ProviderRecords<AccountId>,
{
	fn forget(provider: &AccountId) {
		A::forget(provider);
		B::forget(provider);
		C::forget(provider);
		D::forget(provider);
	}
	fn forget_weight() -> sp_runtime::Weight {
		let (a, b, c, d) = (A::forget_weight(), B::forget_weight(), C::forget_weight(), D::forget_weight());
		a.saturating_add(b).saturating_add(c).saturating_add(d)
	}
}

/// Whose money is locked for what. By `pallet-escrow`.
pub trait Escrow<AccountId> {
	/// Moves `amount` from the client into the pot, locked for a new agreement.
	fn lock(agreement: AgreementId, client: &AccountId, amount: Balance) -> DispatchResult;
	/// Moves more into an existing agreement's lock.
	fn top_up(agreement: AgreementId, amount: Balance) -> DispatchResult;
	/// Turns locked money into a provider's earnings; which agreements it comes from is the caller's account.
	fn credit(provider: &AccountId, amount: Balance) -> DispatchResult;
	/// Pays locked money of an agreement back to its client.
	fn refund(agreement: AgreementId, amount: Balance) -> DispatchResult;
	/// Ends an agreement's lock: pays `refund` back; the rest of the lock has been credited before.
	fn close(agreement: AgreementId, refund: Balance) -> DispatchResult;
	/// All that was ever locked for an agreement, less what was paid back; `None` if it has no lock.
	fn locked(agreement: AgreementId) -> Option<Balance>;
	/// What is locked for all agreements, and neither credited nor paid back.
	fn total_locked() -> Balance;
	/// Benchmarks only: gives the account plenty of money.
	#[cfg(feature = "runtime-benchmarks")]
	fn fund(account: &AccountId);
}

/// Evidence in, score out. By `pallet-reputation`.
pub trait ReputationSink<AccountId> {
	/// Notes `good` and `bad` pieces of evidence about a provider's service.
	fn note(provider: &AccountId, kind: ResourceKind, good: u32, bad: u32);
}

impl<AccountId> ReputationSink<AccountId> for () {
	fn note(_: &AccountId, _: ResourceKind, _: u32, _: u32) {}
}

/// The providers' commitments and the proof clock. By `pallet-storage-proofs`.
pub trait Holdings<AccountId> {
	/// The period of the current block.
	fn current_period() -> Period;
	/// Takes a column into the provider's commitment; answers its leaf number.
	fn append(provider: &AccountId, leaf: &Leaf) -> Result<u64, DispatchError>;
	/// The provider's first period that is not yet resolved as proven, missed or excused.
	/// Payment for a column can only start, stop or be counted at or after it.
	fn first_unresolved(provider: &AccountId) -> Period;
	/// Resolves periods whose window has closed, up to but not including `until`, a bounded number a call.
	/// Answers the first period that is still unresolved.
	fn advance(provider: &AccountId, until: Period) -> Period;
	/// Whether the provider's first unresolved period could be resolved now: its window has closed, or it is excused.
	/// [`Holdings::advance`] leaves such a period behind only if there are more than it resolves in a call.
	fn is_behind(provider: &AccountId) -> bool;
	/// The first period, at or after the provider's first unresolved one, whose challenge is not fixed yet. Of those
	/// before it the provider knows by now which chunks it is asked for.
	fn challenged_until(provider: &AccountId) -> Period;
	/// Chunks in the provider's commitment: those of all leaves that are not zeroed.
	fn total_chunks(provider: &AccountId) -> u64;
	/// The worst case weight of one [`Holdings::advance`].
	fn advance_weight() -> sp_runtime::Weight;
	/// Benchmarks only: lets `periods` pass and resolves them as proven.
	#[cfg(feature = "runtime-benchmarks")]
	fn pass_periods(provider: &AccountId, periods: u32);
	/// Benchmarks only: gives the provider the largest commitment that there can be, one that the next leaf changes from
	/// end to end, with as many earlier ones kept aside as there can be.
	#[cfg(feature = "runtime-benchmarks")]
	fn make_heavy(provider: &AccountId);
}

/// The market's side of the proof clock: who is paid for a period. By `pallet-marketplace`.
pub trait PeriodLedger<AccountId> {
	/// Whether nothing is agreed on at all.
	fn is_unused() -> bool;
	/// Called once per provider and period, in order, when the period is resolved: applies the rate changes due
	/// at its start, and credits the rate if it was proven and its pay was not forfeited.
	fn on_period_resolved(provider: &AccountId, period: Period, proven: bool);
	/// Whether the provider owes nothing in its first unresolved period nor in any later one. Then the proof clock
	/// may leave periods out: none of them is challenged, and none is reported here.
	fn is_idle(provider: &AccountId) -> bool;
	/// Whether it will owe nothing in `period` nor in any later one, once all before are resolved, if it takes nothing on
	/// until then. `period` is at or after its first unresolved one; each in between costs a read.
	fn is_idle_from(provider: &AccountId, period: Period) -> bool;
	/// Whether the provider no longer owes this leaf's column in that period: the agreement ended, or the column was
	/// declared lost or has been placed elsewhere.
	///
	/// The answer holds for good only for periods that have begun: until an agreement's end has come, its client may
	/// still move it. Whoever draws consequences that cannot be undone asks for the first unresolved period or the
	/// present one, whichever is earlier; the former runs ahead of the latter once that is proven.
	fn is_released(provider: &AccountId, leaf: &Leaf, period: Period) -> bool;
	/// The worst case weight of one [`PeriodLedger::is_released`].
	fn is_released_weight() -> sp_runtime::Weight;
	/// The provider was terminated: it is paid for nothing from its first unresolved period on.
	fn on_terminated(provider: &AccountId, first_unpaid: Period);
	/// Benchmarks only: makes the provider, which has a duty, owe something for a long time, with something that starts
	/// or ends in each of the next `changes` periods.
	#[cfg(feature = "runtime-benchmarks")]
	fn make_owe(provider: &AccountId, changes: u32);
}

/// The blocks' randomness. By `pallet-babe`, through the runtime.
pub trait BlockRandomness {
	/// The current block's VRF output, unpredictable to all but the block's author; `None` if the block has none.
	fn current() -> Option<Hash32>;
}
