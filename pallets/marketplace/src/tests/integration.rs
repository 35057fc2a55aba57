//! The market with its real neighbours: the register, the escrow, reputation, the proof clock and balances.
//!
//! - [`chain`]: the runtime, its blocks, and what must hold in every state.
//! - [`holder`]: a provider that really has its bytes, and answers from what the views tell it.
//! - [`world`]: clients and providers on that chain, and a second account of all money, kept from the events.
//! - [`steps`]: whatever may happen, as steps that a property test can draw.
//!
//! The tests: [`scenarios`] one by one, [`conservation`] over random sequences, [`honest`] for what honest providers may
//! rely on, [`broken`] for calls that make no sense.
mod broken;
mod chain;
mod conservation;
mod holder;
mod honest;
mod scenarios;
mod steps;
mod world;
