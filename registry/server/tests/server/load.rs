//! 200 clients at once: no error, no corrupt blob, and a server whose memory does not grow with what passes through it.

use std::io::{self, Read};
use std::sync::Barrier;
use std::thread;

use lockgate_model::ids::Digest;
use sha2::{Digest as _, Sha256};

use crate::child::Process;
use crate::support::Client;

const CLIENTS: u64 = 200;
const MIB: u64 = 1024 * 1024;
const PULLED: u64 = 8;
/// The server's memory at its peak. Well over a gibibyte passes through it meanwhile.
const PEAK_KIB_MAX: u64 = 128 * 1024;
const BLOCK_BYTES: usize = 64 * 1024;

/// A blob that is made while it is read: no two blocks are alike, of one blob or of two.
struct Made {
    block: Vec<u8>,
    seed: u64,
    position: u64,
    size_bytes: u64,
}

impl Made {
    fn new(seed: u64) -> Self {
        let size_bytes = (1 + seed % 8) * MIB + seed * 7;
        Self { block: vec![u8::try_from(seed % 251).unwrap(); BLOCK_BYTES], seed, position: 0, size_bytes }
    }

    fn digest(seed: u64) -> Digest {
        digest_of(Self::new(seed))
    }
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let within = usize::try_from(self.position % BLOCK_BYTES as u64).unwrap();
        if within == 0 {
            self.block[..8].copy_from_slice(&(self.position ^ self.seed << 40).to_le_bytes());
        }
        let left = usize::try_from(self.size_bytes - self.position).unwrap();
        let count = buffer.len().min(BLOCK_BYTES - within).min(left);
        buffer[..count].copy_from_slice(&self.block[within..within + count]);
        self.position += count as u64;
        Ok(count)
    }
}

fn digest_of(mut from: impl Read) -> Digest {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; BLOCK_BYTES]);
    loop {
        match from.read(&mut buffer).unwrap() {
            0 => return Digest::from_bytes(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn push(client: &Client, repository: &str, seed: u64) {
    let digest = Made::digest(seed);
    // Half of the clients push in one request, half in two chunks of unknown length and an end.
    let (method, path) = if seed.is_multiple_of(2) {
        ("POST", format!("/v2/{repository}/blobs/uploads/?digest={digest}"))
    } else {
        ("PATCH", client.begin(repository))
    };
    let request = client.request(method, &path, &[]).body(ureq::SendBody::from_owned_reader(Made::new(seed))).unwrap();
    let status = client.agent.run(request).unwrap().status().as_u16();
    assert_eq!(status, if method == "POST" { 201 } else { 202 });
    if method == "PATCH" {
        client.put(&format!("{path}?digest={digest}"), b"").expect(201);
    }
}

fn pull(client: &Client, repository: &str, seed: u64) {
    let path = format!("/v2/{repository}/blobs/{}", Made::digest(seed));
    let response = client.agent.run(client.request("GET", &path, &[]).body(()).unwrap()).unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(digest_of(response.into_body().into_reader()), Made::digest(seed), "blob {seed} is corrupt");
}

#[test]
fn two_hundred_clients_at_once_are_served_with_flat_memory() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    (0..PULLED).for_each(|seed| push(&process.client, "shared", 1_000 + seed));
    let start = Barrier::new(usize::try_from(CLIENTS).unwrap());
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (start, client) = (&start, process.client.clone());
            scope.spawn(move || {
                let repository = format!("r{}", number % 10);
                start.wait();
                pull(&client, "shared", 1_000 + number % PULLED);
                push(&client, &repository, number);
                pull(&client, &repository, number);
            });
        }
    });
    let peak_kib = process.peak_kib();
    let moved_kib: u64 = (0..CLIENTS).map(|number| 3 * Made::new(number).size_bytes / 1024).sum();
    println!("peak of the server: {peak_kib} KiB; moved: about {moved_kib} KiB");
    assert!(peak_kib <= PEAK_KIB_MAX, "the server took {peak_kib} KiB, at most {PEAK_KIB_MAX} were expected");
}
