//! A cached plugin on its way into a run: found by its lock entry, trusted, loaded, instantiated and called for the first
//! time in a process, against starting a container of a prepared root file system. Nothing is compiled and nobody is
//! asked: the registry that it came from is gone by then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::outcome::Outcome;
use lockgate_ports::{Cancel, Recorder};
use lockgate_registry::remote::{HttpClient, HttpSettings};
use lockgate_registry::{LockEntry, Mirrors, PluginCache, Reference, Registry, Silent};
use lockgate_tests::programs::RUNC;
use lockgate_tests::registries;

use crate::calls::{Nowhere, invocation};
use crate::measure::{Figure, Ratio, samples, timed};
use crate::world::Bench;

/// Plugins that differ in their digest alone: each is loaded once, as the first step of a run loads it.
const PLUGINS: u64 = 40;
/// Containers that are started.
const CONTAINERS: usize = 30;
/// A first-party gate of about this size, with the SDK, JSON and a schema in it.
const PLUGIN: &str = "lockgate-plugin-threshold";
const PLUGIN_BYTES: usize = 600 * 1024;

pub(crate) fn against_runc() -> Option<Ratio> {
    let container = Container::prepare()?;
    let ours = cached();
    let theirs = Figure::median_us("runc run of a prepared container", samples(CONTAINERS, || container.run()));
    Some(Ratio::new("cached_plugin_vs_runc", &ours, &theirs, 0.01))
}

fn cached() -> Figure {
    let plugin = std::fs::read(lockgate_tests::guest(PLUGIN)).expect("the plugin");
    let server = registries::Kind::Own.open().expect("a registry");
    let folder = tempfile::tempdir().expect("a folder");
    let client = Arc::new(HttpClient::new(HttpSettings::new(1)));
    let cache = PluginCache::open(folder.path()).expect("a cache");
    let registry = Registry::new(Mirrors::default(), client, cache, Arc::new(Silent));
    let bench = Bench::open(false);
    let entries: Vec<_> = (0..PLUGINS).map(|number| publish(&registry, &server, &bench, &plugin, number)).collect();
    drop(server);
    let sandbox = bench.another_sandbox();
    let (cancel, recorder): (_, Arc<dyn Recorder>) = (Cancel::default(), Arc::new(Nowhere));
    let times = entries.iter().map(|entry| {
        timed(&mut || {
            registry.check_pin(entry).expect("the pin holds");
            let returned = sandbox.call(invocation(entry.pin.digest, 7), &cancel, recorder.clone());
            // It is called without a rule, and says so: that is its own word, and no fault of the host.
            assert!(matches!(returned.outcome, Outcome::Answered(_) | Outcome::Failed(_)), "{:?}", returned.outcome);
        })
    });
    Figure::median_us("pin, load, instantiate, call a cached plugin of 600 KB", times.collect())
}

/// Publishes, pulls and compiles one plugin, as `plugin push` and `plugin add` do.
fn publish(registry: &Registry, server: &registries::Registry, bench: &Bench, plugin: &[u8], number: u64) -> LockEntry {
    let reference: Reference = server.reference(&format!("bench/gate-{number}:1")).parse().expect("a reference");
    let component = padded(plugin, number);
    registry.push(&reference, &component, None, &BTreeMap::new()).expect("pushed");
    let resolved = registry.resolve(&reference).expect("resolved");
    let digest = bench.world.blobs.put(&registry.fetch(&resolved).expect("pulled")).expect("kept");
    bench.world.sandbox.inspect(&digest).expect("compiled");
    let pin =
        PluginPin { reference: reference.to_string(), digest, kind: Kind::QualityGate, contract: "0.1.0".to_owned() };
    LockEntry { pin, manifest: resolved.manifest, asks: Vec::new() }
}

/// The component with a section that nobody reads: of the full size, and with a digest of its own.
fn padded(plugin: &[u8], number: u64) -> Vec<u8> {
    let mut content = b"\x03pad".to_vec();
    content.extend(number.to_le_bytes());
    content.resize(content.len() + PLUGIN_BYTES.saturating_sub(plugin.len()), 0);
    let mut component = plugin.to_vec();
    component.push(0);
    let mut rest = content.len();
    while rest >= 0x80 {
        component.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    component.push(rest as u8);
    component.extend(content);
    component
}

/// A bundle of the OCI runtime specification: `/bin/true` and its libraries, read-only.
struct Container {
    folder: tempfile::TempDir,
}

impl Container {
    fn prepare() -> Option<Self> {
        RUNC.command()?;
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("rootfs");
        for file in libraries_of_true() {
            let target = root.join(file.strip_prefix("/").expect("an absolute path"));
            std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
            std::fs::copy(&file, target).expect("copied");
        }
        let container = Self { folder };
        container.write_config();
        if !container.starts() {
            println!("runc cannot start a container on this machine; its ratio is left out");
            return None;
        }
        Some(container)
    }

    fn write_config(&self) {
        let mut spec = RUNC.command().expect("runc");
        let made = spec.arg("spec").current_dir(self.folder.path()).status();
        assert!(made.is_ok_and(|status| status.success()), "runc spec");
        let path = self.folder.path().join("config.json");
        let text = std::fs::read_to_string(&path).expect("a config");
        let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        config["process"]["args"] = serde_json::json!(["/bin/true"]);
        config["process"]["terminal"] = serde_json::json!(false);
        std::fs::write(path, config.to_string()).expect("written");
    }

    fn starts(&self) -> bool {
        let name = format!("lockgate-bench-{}", std::process::id());
        let mut run = RUNC.command().expect("runc");
        run.args(["run", &name]).current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        run.status().is_ok_and(|status| status.success())
    }

    fn run(&self) {
        assert!(self.starts(), "runc run");
    }
}

/// `/bin/true`, its loader and its libraries.
fn libraries_of_true() -> Vec<PathBuf> {
    let output = std::process::Command::new("ldd").arg("/bin/true").output().expect("ldd");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
    paths.chain([Path::new("/bin/true").to_owned()]).collect()
}
