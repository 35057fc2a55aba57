//! Tests, by what they are about.
mod closing;
mod integration;
mod ledger;
mod loss;
mod opening;
mod params;
mod properties;
mod views;
