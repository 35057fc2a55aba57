//! Signs our calls.
use subxt::{config::ParamsFor, error::ExtrinsicError, transactions::Payload};

use super::{
	balances,
	connection::{AtBlock, Config},
	escrow, marketplace, providers, storage_proofs,
};
use crate::{chain::Call, wallet::Signer};

/// A call's name, for messages.
pub(super) fn name(call: &Call) -> &'static str {
	match call {
		Call::RegisterProvider { .. } | Call::RegisterWithOffer { .. } => "register",
		Call::UpdateAddresses { .. } | Call::UpdateLabels { .. } => "update_info",
		Call::SetOffer(_) => "set_offer",
		Call::BondMore(_) => "bond_more",
		Call::Pause => "pause",
		Call::Resume => "resume",
		Call::Leave => "leave",
		Call::WithdrawUnbonded => "withdraw_unbonded",
		Call::Withdraw => "withdraw",
		Call::OpenStorage { .. } => "open_storage",
		Call::Extend { .. } => "extend",
		Call::Close(_) => "close",
		Call::Settle(_) => "settle",
		Call::DeclareLost(..) => "declare_lost",
		Call::MarkLost(..) => "mark_lost",
		Call::ReplaceColumn { .. } => "replace_column",
		Call::Prove { .. } => "prove",
		Call::ReportMissed { .. } => "report_missed",
		Call::Advance { .. } => "advance",
		Call::RemoveLeaf { .. } => "remove_leaf",
		Call::Transfer { .. } => "transfer",
	}
}

/// The signed transaction's bytes.
pub(super) fn sign(
	at: &AtBlock,
	call: &Call,
	signer: &Signer,
	params: ParamsFor<Config>,
) -> Result<Vec<u8>, ExtrinsicError> {
	with_payload(call, Sign { at, signer, params })
}

/// Something to do with a call, whatever its arguments' type.
pub(super) trait Action {
	/// What comes of it.
	type Output;
	/// Does it.
	fn act(self, call: &impl Payload) -> Self::Output;
}

/// Does something with a call as subxt knows it.
pub(super) fn with_payload<A: Action>(call: &Call, action: A) -> A::Output {
	match call {
		Call::RegisterProvider { peer_id, addresses, operator, region, bond } => {
			action.act(&providers::register(peer_id, addresses, operator, region, *bond))
		},
		Call::RegisterWithOffer { peer_id, addresses, operator, region, bond, offer } => {
			action.act(&providers::register_with_offer(peer_id, addresses, operator, region, *bond, offer))
		},
		Call::UpdateAddresses { peer_id, addresses } => action.act(&providers::update_addresses(peer_id, addresses)),
		Call::UpdateLabels { operator, region } => action.act(&providers::update_labels(operator, region)),
		Call::SetOffer(offer) => action.act(&providers::set_offer(offer)),
		Call::BondMore(amount) => action.act(&providers::bond_more(*amount)),
		Call::Pause | Call::Resume | Call::Leave | Call::WithdrawUnbonded => action.act(&providers::plain(name(call))),
		Call::Withdraw => action.act(&escrow::withdraw()),
		Call::OpenStorage { object, codec, k, acknowledgements, max_price } => {
			action.act(&marketplace::open_storage(*object, *codec, *k, acknowledgements, *max_price))
		},
		Call::Extend { agreement, periods, max_price } => {
			action.act(&marketplace::extend(*agreement, *periods, *max_price))
		},
		Call::Close(agreement) => action.act(&marketplace::close(*agreement)),
		Call::Settle(agreement) => action.act(&marketplace::settle(*agreement)),
		Call::DeclareLost(agreement, column) => action.act(&marketplace::declare_lost(*agreement, *column)),
		Call::MarkLost(agreement, column) => action.act(&marketplace::mark_lost(*agreement, *column)),
		Call::ReplaceColumn { agreement, column, acknowledgement } => {
			action.act(&marketplace::replace_column(*agreement, *column, acknowledgement))
		},
		Call::Prove { provider, period, proof } => action.act(&storage_proofs::prove(*provider, *period, proof)),
		Call::ReportMissed { provider, period } => action.act(&storage_proofs::report_missed(*provider, *period)),
		Call::Advance { provider } => action.act(&storage_proofs::advance(*provider)),
		Call::RemoveLeaf { provider, number, leaf, path } => {
			action.act(&storage_proofs::remove_leaf(*provider, *number, leaf, path))
		},
		Call::Transfer { to, amount } => action.act(&balances::transfer(*to, *amount)),
	}
}

struct Sign<'call> {
	at: &'call AtBlock,
	signer: &'call Signer,
	params: ParamsFor<Config>,
}

impl Action for Sign<'_> {
	type Output = Result<Vec<u8>, ExtrinsicError>;

	fn act(self, call: &impl Payload) -> Self::Output {
		let mut signable = self.at.tx().create_signable_offline(call, self.params)?;
		Ok(signable.sign(self.signer.keypair())?.into_encoded())
	}
}
