//! YAML 1.2 text to a tree whose every value and key knows its place. Built on the events of serde-saphyr's parser, since
//! a deserializer would stop at the first mistake.

use std::collections::{BTreeMap, HashMap};

use lockgate_model::Json;
use lockgate_model::limits::PIPELINE_BYTES_MAX;
use serde_json::Number;
use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span as Mark, Tag};

use crate::diagnostics::Report;
use crate::source::{Span, Spanned};

/// How deep lists and maps may be nested.
pub const YAML_DEPTH_MAX: usize = 64;
/// All values of a file after its aliases are expanded: the bytes of their text, and `NODE_BYTES` for each.
pub const YAML_EXPANDED_BYTES_MAX: usize = 32 * 1024 * 1024;

const NODE_BYTES: usize = 32;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A scalar: its text, and what YAML's core schema (1.2.2, chapter 10.3) makes of it.
    Scalar(String, Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file, without duplicates.
    Map(Vec<Entry>),
}

/// A scalar's type. `yes`, `no`, `on` and `off` are text: this is not YAML 1.1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    Text,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Node,
}

impl Node {
    /// Its type for a sentence, with its article.
    pub(crate) fn what(&self) -> &'static str {
        match &self.value {
            Value::Scalar(_, Scalar::Null) => "nothing",
            Value::Scalar(_, Scalar::Bool(_)) => "a boolean",
            Value::Scalar(_, Scalar::Number(_)) => "a number",
            Value::Scalar(_, Scalar::Text) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar(_, Scalar::Null))
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, Scalar::Text) => Some(text),
            _ => None,
        }
    }

    /// The value under `key`, and the key's place.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key.value == key),
            _ => None,
        }
    }

    /// The value without its places.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(text, scalar) => scalar.to_json(text),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.value.clone(), entry.value.to_json())).collect()
            }
        }
    }

    fn bytes(&self) -> usize {
        NODE_BYTES
            + match &self.value {
                Value::Scalar(text, _) => text.len(),
                Value::List(items) => items.iter().map(Self::bytes).sum(),
                Value::Map(entries) => entries.iter().map(|it| it.key.value.len() + it.value.bytes()).sum(),
            }
    }

    fn depth(&self) -> usize {
        let deepest = match &self.value {
            Value::Scalar(..) => return 0,
            Value::List(items) => items.iter().map(Self::depth).max(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.depth()).max(),
        };
        1 + deepest.unwrap_or(0)
    }
}

impl Scalar {
    pub(crate) fn to_json(&self, text: &str) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text => Json::String(text.to_owned()),
        }
    }
}

/// The tree of `text`; nothing, with one diagnostic that says why, where it is not YAML or beyond a limit.
pub(crate) fn parse(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > PIPELINE_BYTES_MAX {
        let message = format!("the file is {} bytes long, {PIPELINE_BYTES_MAX} are allowed", text.len());
        report.error("too-large", Span::default(), message).help("move data out of the pipeline file");
        return None;
    }
    match Builder::new(text, report).build() {
        Ok(root) => Some(root),
        Err(stop) => {
            report.error(stop.code, stop.span, stop.message).maybe_help(stop.help);
            None
        }
    }
}

/// Why reading cannot go on.
struct Stop {
    code: &'static str,
    span: Span,
    message: String,
    help: Option<String>,
}

impl Stop {
    fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    fn help(self, help: &str) -> Self {
        Self { help: Some(help.to_owned()), ..self }
    }
}

/// A list or map that has begun and not ended.
struct Frame {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Spanned<String>> },
}

/// Builds the tree from events, with a stack of its own: depth is a limit here, never the thread's stack.
struct Builder<'a> {
    text: &'a str,
    report: &'a mut Report,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    bytes: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, report: &'a mut Report) -> Self {
        Self { text, report, stack: Vec::new(), anchors: BTreeMap::new(), root: None, documents: 0, bytes: 0 }
    }

    fn build(mut self) -> Result<Node, Stop> {
        for next in Parser::new_from_str(self.text) {
            let (event, mark) = next.map_err(|error| syntax_error(self.text, &error))?;
            let span = span_of(self.text, mark);
            let tag_span = mark.tag_span().map_or(span, |mark| span_of(self.text, mark));
            self.check_tag(&event, tag_span)?;
            self.event(event, span)?;
        }
        let empty = || Stop::new("empty", Span::default(), "the file is empty").help("a pipeline has at least `jobs:`");
        self.root.filter(|root| !root.is_null()).ok_or_else(empty)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(..) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = type_of(&text, style, tag.as_deref());
                let span = trimmed(self.text, span);
                self.node(Node { span, value: Value::Scalar(text.into_owned(), scalar) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, Content::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.open(span, anchor, Content::Map { entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Stop::new("several-documents", span, "a pipeline file holds one document")
                .help("put the second pipeline into a file of its own"));
        }
        Ok(())
    }

    /// Only the tags of the core schema mean something, each on its own sort of value.
    fn check_tag(&self, event: &Event<'_>, span: Span) -> Result<(), Stop> {
        let known: &[&str] = match event {
            Event::SequenceStart(..) => &["seq"],
            Event::MappingStart(..) => &["map"],
            _ => &["str", "int", "float", "bool", "null"],
        };
        let is_known = |tag: &&Tag| tag.core_suffix().is_some_and(|suffix| known.contains(&suffix));
        match event.tag() {
            Some(tag) if !is_known(&tag) => {
                let message = format!("the tag `{}` means nothing here", tag.original());
                Err(Stop::new("tag", span, message).help("remove it"))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, span: Span, anchor: usize, content: Content) -> Result<(), Stop> {
        if self.stack.len() >= YAML_DEPTH_MAX {
            return Err(too_deep(span));
        }
        self.stack.push(Frame { start: span.start, anchor, content });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, .. } => Value::Map(self.without_duplicates(entries)),
        };
        let span = trimmed(self.text, Span::new(frame.start, span.end));
        self.node(Node { span, value }, frame.anchor)
    }

    /// Aliases are expanded where they stand; what they expand to is counted before it is copied.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Stop::new("alias", span, "this alias stands inside of what it names"));
        };
        if self.bytes + node.bytes() > YAML_EXPANDED_BYTES_MAX {
            return Err(too_expanded(span));
        }
        if self.stack.len() + node.depth() > YAML_DEPTH_MAX {
            return Err(too_deep(span));
        }
        let copy = node.clone();
        self.count(copy.bytes(), span)?;
        self.place(copy)
    }

    fn node(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        let own = match &node.value {
            Value::Scalar(text, _) => NODE_BYTES + text.len(),
            Value::List(_) | Value::Map(_) => NODE_BYTES,
        };
        self.count(own, node.span)?;
        if anchor > 0 {
            self.count(node.bytes(), node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.place(node)
    }

    fn count(&mut self, bytes: usize, span: Span) -> Result<(), Stop> {
        self.bytes += bytes;
        if self.bytes > YAML_EXPANDED_BYTES_MAX { Err(too_expanded(span)) } else { Ok(()) }
    }

    fn place(&mut self, node: Node) -> Result<(), Stop> {
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => *key = Some(key_of(node)?),
            },
        }
        Ok(())
    }

    fn without_duplicates(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut firsts: HashMap<String, Span> = HashMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries {
            match firsts.get(&entry.key.value) {
                Some(first) => {
                    let message = format!("the key `{}` stands here a second time", entry.key.value);
                    self.report.error("duplicate-key", entry.key.span, message).related(*first, "the first one");
                }
                None => {
                    firsts.insert(entry.key.value.clone(), entry.key.span);
                    kept.push(entry);
                }
            }
        }
        kept
    }
}

fn key_of(node: Node) -> Result<Spanned<String>, Stop> {
    match node.value {
        Value::Scalar(text, _) => Ok(Spanned::new(text, node.span)),
        _ => Err(Stop::new("complex-key", node.span, format!("a key is a word, and this is {}", node.what()))
            .help("a text with `{{` or `[[` at its start stands in quotes")),
    }
}

fn too_deep(span: Span) -> Stop {
    Stop::new("too-deep", span, format!("lists and maps are nested more than {YAML_DEPTH_MAX} levels deep"))
}

fn too_expanded(span: Span) -> Stop {
    let message = format!("with its aliases expanded the file is larger than {YAML_EXPANDED_BYTES_MAX} bytes");
    Stop::new("too-large", span, message).help("aliases of aliases multiply: write out what is needed")
}

fn syntax_error(text: &str, error: &ScanError) -> Stop {
    let at = error.marker().byte_offset().unwrap_or(error.marker().index()).min(text.len());
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(Span::new(at, at)),
        _ => Stop::new("yaml", Span::new(at, at), format!("this is not YAML: {}", error.info())),
    }
}

fn span_of(text: &str, mark: Mark) -> Span {
    let bytes = mark.byte_range().unwrap_or(0..0);
    Span::new(bytes.start.min(text.len()), bytes.end.min(text.len()))
}

/// The end of a block value is where the next one begins; a caret belongs under the value itself.
fn trimmed(text: &str, span: Span) -> Span {
    let inside = text.get(span.start..span.end).unwrap_or("");
    Span::new(span.start, span.start + inside.trim_end().len())
}

fn type_of(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Scalar {
    match tag.and_then(Tag::core_suffix) {
        Some("str") => Scalar::Text,
        None if style != ScalarStyle::Plain => Scalar::Text,
        _ => core_type(text),
    }
}

/// YAML 1.2.2, chapter 10.3.2. What JSON cannot hold (`.inf`, `.nan`) stays text.
fn core_type(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => number(text).map_or(Scalar::Text, Scalar::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(hex) = text.strip_prefix("0x") {
        return digits(hex, 16).map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8).map(Number::from);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let plain = text.strip_prefix('+').unwrap_or(text);
        return plain.parse::<i64>().map(Number::from).or_else(|_| plain.parse::<u64>().map(Number::from)).ok();
    }
    if is_float(unsigned) { text.parse().ok().and_then(Number::from_f64) } else { None }
}

fn digits(text: &str, radix: u32) -> Option<u64> {
    let all_digits = !text.is_empty() && text.chars().all(|char| char.is_digit(radix));
    if all_digits { u64::from_str_radix(text, radix).ok() } else { None }
}

/// `[0-9]*(\.[0-9]*)?([eE][-+]?[0-9]+)?` with at least one digit before the exponent.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    !(whole.is_empty() && fraction.is_empty())
        && all_digits(whole)
        && all_digits(fraction)
        && exponent.is_none_or(|text| !text.is_empty() && all_digits(text))
}
