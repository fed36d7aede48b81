//! `wasi:random`: the machine's randomness, for outward kinds with the grant `random`; numbers that depend on the
//! component and its input alone for everybody else.

use lockgate_model::host_call::Permission;
use lockgate_model::ids::Digest;
use lockgate_model::limits::HOST_CALL_BYTES_MAX;
use lockgate_model::outcome::Limit;
use serde_json::json;
use wasmtime_wasi::Rng;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use crate::host::{Function, Host};
use crate::stop::Stop;

/// Where a guest's random numbers come from.
pub(crate) enum Randomness {
    /// The machine.
    Real(Box<dyn Rng + Send>),
    /// SHA-256 of a seed and a counter; the seed is worked out when the first number is drawn.
    Seeded(Option<Digest>, u64),
}

impl Randomness {
    /// The randomness of a call, the machine's where it `is_granted`.
    pub(crate) fn new(is_granted: bool) -> Self {
        if is_granted { Self::Real(wasmtime_wasi::thread_rng()) } else { Self::Seeded(None, 0) }
    }

    fn permission(&self) -> Permission {
        match self {
            Self::Real(_) => Permission::Granted("random".into()),
            Self::Seeded(..) => Permission::Free,
        }
    }

    fn fill(&mut self, seed: impl FnOnce() -> Digest, bytes: &mut [u8]) {
        match self {
            Self::Real(generator) => generator.fill_bytes(bytes),
            Self::Seeded(known, counter) => {
                let seed = *known.get_or_insert_with(seed);
                bytes.chunks_mut(32).for_each(|chunk| chunk.copy_from_slice(&block(&seed, counter)[..chunk.len()]));
            }
        }
    }
}

fn block(seed: &Digest, counter: &mut u64) -> [u8; 32] {
    let mut input = [0; 40];
    input[..32].copy_from_slice(seed.as_bytes());
    input[32..].copy_from_slice(&counter.to_le_bytes());
    *counter += 1;
    *Digest::of(&input).as_bytes()
}

impl Host {
    fn draw(&mut self, interface: &'static str, name: &'static str, length: u64) -> wasmtime::Result<Vec<u8>> {
        let (function, arguments) = (Function { interface, name }, json!([length]));
        let fill = |host: &mut Self| {
            let length = usize::try_from(length).ok().filter(|length| *length <= HOST_CALL_BYTES_MAX);
            let mut bytes = vec![0; length.ok_or(Stop::Limit(Limit::HostCallBytes))?];
            host.random.fill(|| host.reach.seed(&host.component), &mut bytes);
            Ok(bytes)
        };
        let asked = arguments.clone();
        let draw = |host: &mut Self| match host.random {
            Randomness::Seeded(..) => fill(host),
            Randomness::Real(_) => host.ask_world(function, &asked, fill),
        };
        self.allowed(self.random.permission(), function, arguments, draw, |bytes| json!(Digest::of(bytes)))
    }

    fn draw_u64(&mut self, interface: &'static str, name: &'static str) -> wasmtime::Result<u64> {
        Ok(number(&self.draw(interface, name, 8)?))
    }
}

impl random::Host for Host {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.draw("wasi:random/random", "get-random-bytes", length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.draw_u64("wasi:random/random", "get-random-u64")
    }
}

impl insecure::Host for Host {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.draw("wasi:random/insecure", "get-insecure-random-bytes", length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.draw_u64("wasi:random/insecure", "get-insecure-random-u64")
    }
}

impl insecure_seed::Host for Host {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        let bytes = self.draw("wasi:random/insecure-seed", "insecure-seed", 16)?;
        Ok((number(&bytes[..8]), number(&bytes[8..])))
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
        let mut randomness = Randomness::new(false);
        let mut draw = |length: &usize| {
            let mut bytes = vec![0; *length];
            randomness.fill(|| Digest::of(seed), &mut bytes);
            bytes
        };
        lengths.iter().map(&mut draw).collect()
    }

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_another_gives_others() {
        assert_eq!(drawn(b"a", &[8, 100]), drawn(b"a", &[8, 100]));
        assert_ne!(drawn(b"a", &[8]), drawn(b"b", &[8]));
        assert_ne!(drawn(b"a", &[8, 8])[0], drawn(b"a", &[8, 8])[1]);
    }
}
