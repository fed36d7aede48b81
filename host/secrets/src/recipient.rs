//! Public keys that values are encrypted to.

use std::fmt;
use std::str::FromStr;

use crate::limits::RECIPIENTS_MAX;
use crate::rules::Refusal;

/// An X25519 recipient of age (c2sp.org/age, "The X25519 recipient type"): whoever has its identity opens what is
/// encrypted to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

impl Recipient {
    pub(crate) fn new(key: age::x25519::Recipient) -> Self {
        Self(key)
    }

    pub(crate) fn as_age(&self) -> &dyn age::Recipient {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("AGE-SECRET-KEY")) {
            return Err(Refusal::PrivateKey);
        }
        text.parse().map(Self).map_err(|_| Refusal::Recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// At least one, each once, not too many.
pub(crate) fn check_recipients(recipients: &[Recipient]) -> Result<(), Refusal> {
    if recipients.is_empty() {
        return Err(Refusal::NoRecipient);
    }
    if recipients.len() > RECIPIENTS_MAX {
        return Err(Refusal::TooManyRecipients);
    }
    let again = recipients.iter().enumerate().find(|(at, one)| recipients[..*at].contains(one));
    again.map_or(Ok(()), |(_, one)| Err(Refusal::SameRecipient(one.to_string())))
}
