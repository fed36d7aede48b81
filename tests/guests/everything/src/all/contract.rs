//! Lockgate's own interfaces.

use lockgate_sdk::exec::Command;
use lockgate_sdk::{artifacts, context, log, secrets};

use crate::Tally;

pub(crate) fn call(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    tally.did("lockgate:plugin/log write", log::info("a line"));
    tally.did("lockgate:plugin/log progress", log::progress("half", 1, Some(2)));
    tally.did("lockgate:plugin/context attempt", context::attempt());
    tally.did("lockgate:plugin/context idempotency-key", context::idempotency_key());
    tally.did("lockgate:plugin/context platform", context::platform());
    tally.did("lockgate:plugin/context run-url", context::run_url());
    let ran = tally.did("lockgate:plugin/exec run", Command::tool("say").arg("hello").run());
    let placeholder = tally.did("lockgate:plugin/secrets placeholder", secrets::placeholder("token"));
    let nothing = format!("sha256:{}", "0".repeat(64));
    let published = tally.did("lockgate:plugin/artifacts publish", artifacts::publish("none", "nothing", "text/plain"));
    let fetched = tally.did("lockgate:plugin/artifacts fetch", artifacts::fetch(&nothing, "nothing"));
    said.push(("exec", format!("{ran:?}")));
    said.push(("secrets", format!("{placeholder:?}")));
    said.push(("artifacts", format!("{published:?} {fetched:?}")));
}
