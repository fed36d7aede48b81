//! A text in TOML, walked by hand: errors that serde or the parser would write may quote a value, these never do.

use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroize as _;

use super::Malformed;

/// A text and its tables; strings that the parser had to copy are wiped.
pub(super) struct Document<'i> {
    text: &'i str,
    root: Spanned<DeTable<'i>>,
}

impl<'i> Document<'i> {
    pub(super) fn parse(text: &'i str) -> Result<Self, Malformed> {
        let root = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            // The parser's messages speak of its grammar, not of the text; its `Display` would quote the line.
            malformed(text, start, format!("this is no TOML: {}", error.message()))
        })?;
        Ok(Self { text, root })
    }

    pub(super) fn root(&self) -> Table<'_, 'i> {
        Table { text: self.text, map: self.root.get_ref(), span: self.root.span(), name: "the file" }
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        wipe_table(self.root.get_mut());
    }
}

fn wipe_table(table: &mut DeTable<'_>) {
    table.iter_mut().for_each(|(_, value)| wipe(value.get_mut()));
}

fn wipe(value: &mut DeValue<'_>) {
    match value {
        DeValue::String(std::borrow::Cow::Owned(text)) => text.zeroize(),
        DeValue::Array(items) => items.iter_mut().for_each(|item| wipe(item.get_mut())),
        DeValue::Table(table) => wipe_table(table),
        _ => {}
    }
}

/// One table of it.
#[derive(Clone)]
pub(super) struct Table<'d, 'i> {
    text: &'d str,
    map: &'d DeTable<'i>,
    span: Range<usize>,
    name: &'d str,
}

/// Something, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Placed<'d, T> {
    pub(super) what: T,
    text: &'d str,
    start: usize,
}

impl<T> Placed<'_, T> {
    /// An error at this place.
    pub(super) fn wrong(&self, reason: &dyn Display) -> Malformed {
        malformed(self.text, self.start, reason.to_string())
    }
}

impl<'d, 'i> Table<'d, 'i> {
    /// Refuses keys other than these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Malformed> {
        let unknown = self.map.keys().find(|key| !known.contains(&key.get_ref().as_ref()));
        unknown.map_or(Ok(()), |key| {
            // Not shown: where a text was pasted in the wrong way, it may be part of a value.
            let reason = format!("this key is not known; there are {}", known.join(", "));
            Err(malformed(self.text, key.span().start, reason))
        })
    }

    /// An error at the table itself.
    pub(super) fn wrong(&self, reason: &dyn Display) -> Malformed {
        malformed(self.text, self.span.start, reason.to_string())
    }

    fn value(&self, key: &str) -> Option<&'d Spanned<DeValue<'i>>> {
        self.map.get(key)
    }

    fn needed(&self, key: &str) -> Result<&'d Spanned<DeValue<'i>>, Malformed> {
        self.value(key).ok_or_else(|| self.wrong(&format!("{} has no `{key}`", self.name)))
    }

    fn place<T>(&self, what: T, span: &Range<usize>) -> Placed<'d, T> {
        Placed { what, text: self.text, start: span.start }
    }

    fn other(&self, key: &str, wanted: &str, found: &Spanned<DeValue<'i>>) -> Malformed {
        let reason = format!("`{key}` is {wanted}, not of the type {}", found.get_ref().type_str());
        malformed(self.text, found.span().start, reason)
    }

    pub(super) fn string(&self, key: &str) -> Result<Placed<'d, &'d str>, Malformed> {
        let found = self.needed(key)?;
        let text = found.get_ref().as_str().ok_or_else(|| self.other(key, "a text", found))?;
        Ok(self.place(text, &found.span()))
    }

    pub(super) fn string_if_any(&self, key: &str) -> Result<Option<Placed<'d, &'d str>>, Malformed> {
        if self.value(key).is_none() { Ok(None) } else { self.string(key).map(Some) }
    }

    /// A whole number as it is written, without signs and underscores.
    pub(super) fn number(&self, key: &str) -> Result<Placed<'d, &'d str>, Malformed> {
        let found = self.needed(key)?;
        let number = found.get_ref().as_integer().ok_or_else(|| self.other(key, "a whole number", found))?;
        Ok(self.place(number.as_str(), &found.span()))
    }

    pub(super) fn strings(&self, key: &str) -> Result<Vec<Placed<'d, &'d str>>, Malformed> {
        let found = self.needed(key)?;
        let items = found.get_ref().as_array().ok_or_else(|| self.other(key, "a list of texts", found))?;
        let one = |item: &'d Spanned<DeValue<'i>>| match item.get_ref().as_str() {
            Some(text) => Ok(self.place(text, &item.span())),
            None => Err(self.other(key, "a list of texts", item)),
        };
        items.iter().map(one).collect()
    }

    /// The tables below a key, by name; none where the key is not there.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<(Placed<'d, &'d str>, Table<'d, 'i>)>, Malformed> {
        let Some(found) = self.value(key) else { return Ok(Vec::new()) };
        let tables = found.get_ref().as_table().ok_or_else(|| self.other(key, "a table", found))?;
        let one = |(name, value): (&'d Spanned<_>, &'d Spanned<DeValue<'i>>)| {
            let name_text: &'d std::borrow::Cow<'i, str> = name.get_ref();
            let map = value.get_ref().as_table().ok_or_else(|| self.other(name_text, "a table", value))?;
            let table = Table { text: self.text, map, span: name.span(), name: name_text };
            Ok((self.place(name_text.as_ref(), &name.span()), table))
        };
        tables.iter().map(one).collect()
    }
}

fn malformed(text: &str, offset: usize, reason: String) -> Malformed {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    Malformed { line, column: before[line_start..].chars().count() + 1, reason }
}
