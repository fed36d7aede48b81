//! The SQLite file behind its ports: what is promised, and every way in which it can be refused.

#[cfg(test)]
mod support;

#[cfg(test)]
mod cache;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod full;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod log;
#[cfg(test)]
mod model;
#[cfg(test)]
mod sharing;
