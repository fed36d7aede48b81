//! `secrets set`: one value, from a terminal or from standard input.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;

use lockgate_ports::secrets::{MASKED_BYTES_MIN, SecretValue};
use lockgate_secrets::limits::VALUE_BYTES_MAX;
use lockgate_secrets::{FileFault, Identities, SecretFile};
use zeroize::Zeroizing;

use super::{Place, done, in_words, of_file};
use crate::args::SetArgs;
use crate::exit::CliError;
use crate::output::question;

/// A value and the line end that is cut off.
const INPUT_BYTES_MAX: usize = VALUE_BYTES_MAX + 2;
/// What `read_to_end` wants free before it asks once more: without it the buffer would move, and leave a copy behind.
const SPARE_BYTES: usize = 64;

pub(super) fn set(place: &Place, args: &SetArgs) -> Result<(), CliError> {
    refuse_a_value(args)?;
    let mut file = place.read()?;
    let keys = place.keys_if_any()?;
    let hosts = hosts(args, &file, keys.is_some())?;
    let vouched = keys.as_ref().map_or(Ok(false), |keys| verify(&file, keys, args))?;
    if !vouched {
        note_unproven_readers(place, &file, keys.as_ref());
    }
    let value = if std::io::stdin().is_terminal() { ask(&args.name)? } else { read(args.raw)? };
    file.set(&args.name, &hosts, &value, &place.today).map_err(of_file)?;
    place.write(&file)?;
    done(&format!("{} is set, for {}", args.name, in_words(&hosts)));
    if value.expose().len() < MASKED_BYTES_MIN {
        crate::output::err!("a value of fewer than {MASKED_BYTES_MIN} bytes is not masked in what a run writes");
    }
    place.note_if_elsewhere(&args.name);
    Ok(())
}

/// Whoever passes a value as an argument has shown it already; it is not said again.
fn refuse_a_value(args: &SetArgs) -> Result<(), CliError> {
    if args.surplus.is_empty() && !args.name.contains('=') {
        return Ok(());
    }
    let message = "a value is no argument: all programs of this machine can see those, and shells remember them; type it \
                   when you are asked, or let it come from standard input, as in `lockgate secrets set NAME < FILE`. If \
                   it was one, replace it where it comes from";
    Err(CliError::Usage(message.to_owned()))
}

fn hosts(args: &SetArgs, file: &SecretFile, has_key: bool) -> Result<Vec<String>, CliError> {
    if is_bound(args) {
        return Ok(args.hosts.clone());
    }
    let name = &args.name;
    match file.entry(name) {
        Some(entry) if has_key => Ok(entry.hosts().to_vec()),
        Some(_) => Err(CliError::Usage(format!(
            "say --host or --no-host: there is no key here, and without one nobody knows whether the hosts of `{name}` \
             in the file are those that it was bound to"
        ))),
        None => Err(CliError::Usage(format!(
            "say which requests may carry `{name}`: --host api.example, or --no-host where only native tools need it"
        ))),
    }
}

fn is_bound(args: &SetArgs) -> bool {
    args.no_host || !args.hosts.is_empty()
}

/// Checks what is there before anything is encrypted to the readers that the file names: only a value that was encrypted
/// with them can tell that nobody wrote another one in. What is wrong with the entry that is set anew, and with it alone,
/// is mended by that. Says whether any value vouched for the readers.
fn verify(file: &SecretFile, keys: &Identities, args: &SetArgs) -> Result<bool, CliError> {
    let mut vouched = false;
    for name in file.names() {
        match file.value(name, keys) {
            Ok(_) => vouched = true,
            Err(error) if name == args.name && is_bound(args) && is_of_one_entry(&error.fault) => {}
            Err(error) => return Err(of_file(error)),
        }
    }
    Ok(vouched)
}

fn is_of_one_entry(fault: &FileFault) -> bool {
    use FileFault::{Damaged, Foreign, HostsChanged, Moved};
    matches!(fault, Damaged(_) | Foreign(_) | HostsChanged { .. } | Moved { .. })
}

/// Said before the value is asked for, so that there is time to think better of it.
fn note_unproven_readers(place: &Place, file: &SecretFile, keys: Option<&Identities>) {
    let own = keys.map(Identities::recipients).unwrap_or_default();
    if file.recipients().iter().all(|reader| own.contains(reader)) {
        return;
    }
    crate::output::err!("no value was there to prove who can read {}; it names", place.path.display());
    file.recipients().iter().for_each(|reader| crate::output::err!("  {reader}"));
}

fn ask(name: &str) -> Result<SecretValue, CliError> {
    let mut text = question::password(&format!("value of {}: ", crate::output::safe(name)))?;
    Ok(SecretValue::new(std::mem::take(&mut *text).into_bytes()))
}

fn read(is_raw: bool) -> Result<SecretValue, CliError> {
    let failed = |error| CliError::host(format!("cannot read standard input: {error}"));
    // Without the buffer of `Stdin`, which nobody wipes.
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned().map_err(failed)?);
    let mut bytes = Zeroizing::new(Vec::with_capacity(INPUT_BYTES_MAX + 1 + SPARE_BYTES));
    input.take(INPUT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(CliError::Usage(format!("the value is too large; a secret has at most {VALUE_BYTES_MAX} bytes")));
    }
    if !is_raw {
        let kept = without_line_end(&bytes).len();
        bytes.truncate(kept);
    }
    Ok(SecretValue::new(std::mem::take(&mut *bytes)))
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let cut = bytes.strip_suffix(b"\n").map(|bytes| bytes.strip_suffix(b"\r").unwrap_or(bytes));
    cut.unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_cut_off() {
        for (input, kept) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a\r", "a\r"), ("a\nb\n", "a\nb"), ("\n", "")]
        {
            assert_eq!(without_line_end(input.as_bytes()), kept.as_bytes(), "{input:?}");
        }
    }
}
