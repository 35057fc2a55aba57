//! The pallets whose weights can be measured with this runtime.

frame_benchmarking::define_benchmarks!(
	[frame_system, SystemBench::<Runtime>]
	[frame_system_extensions, SystemExtensionsBench::<Runtime>]
	[pallet_balances, Balances]
	[pallet_escrow, Escrow]
	[pallet_marketplace, Marketplace]
	[pallet_multisig, Multisig]
	[pallet_preimage, Preimage]
	[pallet_providers, Providers]
	[pallet_proxy, Proxy]
	[pallet_reputation, Reputation]
	[pallet_scheduler, Scheduler]
	[pallet_storage_proofs, StorageProofs]
	[pallet_sudo, Sudo]
	[pallet_timestamp, Timestamp]
	[pallet_transaction_payment, TransactionPayment]
	[pallet_utility, Utility]
);
