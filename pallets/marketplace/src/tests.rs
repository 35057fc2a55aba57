//! Tests, by what they are about.
mod closing;
mod ledger;
mod loss;
mod opening;
mod params;
mod properties;
mod views;
