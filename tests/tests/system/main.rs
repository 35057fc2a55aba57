//! The whole system, one scenario a file. One binary, so that what they share is linked once; the test runner gives each
//! test a process of its own.

mod acknowledgements;
mod alarms;
mod bad_input;
mod beefy;
mod clients;
mod clocks;
mod crashes;
mod crashes_in_put;
mod crashes_in_repair;
mod full_disk;
mod hostile_providers;
mod import;
mod intent_flood;
mod memory;
mod monitoring;
mod rpc;
mod rpc_from_outside;
mod starts;
mod testnet;
mod two_validators;
mod upgrade;
