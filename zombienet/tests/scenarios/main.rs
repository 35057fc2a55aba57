//! Scenarios on networks of several real nodes: one a module, each runnable by itself, one binary so that it is linked
//! once.

mod double_vote;
mod equivocation;
mod finality;
mod joining;
mod measure;
mod networks;
mod partition;
mod providers;
mod restart;
mod sync;
mod upgrade;
