//! Tests, by what they are about.
mod clock;
mod holdings;
mod params;
mod properties;
mod proving;
mod reporting;
