//! XML events to cases. Lenient where tools differ (odd attributes, unknown elements and entities, several documents in
//! one file), strict where a report could lie: a file that ends early or is no JUnit XML is a failure.

use lockgate_sdk::{Failure, Location, TestCase};
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use crate::Config;
use crate::case::{Case, Mark, duration_ms, location};
use crate::limits::{CASES_MAX, DEPTH_MAX, FILE_BYTES_MAX};
use crate::suite::Suite;

const ROOTS: [&str; 3] = ["testsuites", "testsuite", "testrun"];

/// Values of `status` and `result` by which googletest and CTest say that a case was not carried out.
const NOT_RUN: [&str; 4] = ["notrun", "disabled", "suppressed", "skipped"];

/// Why a file could not be read, and at which byte.
#[derive(Debug)]
pub(crate) struct ParseError {
    code: &'static str,
    message: String,
    offset: usize,
}

impl ParseError {
    /// As the host takes it, with the line.
    pub(crate) fn into_failure(self, path: &str, text: &str) -> Failure {
        let offset = text.floor_char_boundary(self.offset);
        let line = text[..offset].bytes().filter(|byte| *byte == b'\n').count() + 1;
        let at = Location::file(path).line(u32::try_from(line).unwrap_or(u32::MAX));
        Failure::new(self.code, self.message).at(at).help("give the step files that a test tool wrote as JUnit XML")
    }
}

/// What an open element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Suite,
    Case,
    /// Its text tells how a case or a suite ended.
    Mark,
    /// Its text is what a case wrote.
    Output,
    Other,
}

struct Parser<'a> {
    config: &'a Config,
    open: Vec<Element>,
    suites: Vec<Suite>,
    case: Option<Case>,
    cases: Vec<TestCase>,
    has_root: bool,
}

/// Every case of a report.
pub(crate) fn parse(config: &Config, text: &str) -> Result<Vec<TestCase>, ParseError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut parser =
        Parser { config, open: Vec::new(), suites: Vec::new(), case: None, cases: Vec::new(), has_root: false };
    let at = |offset: u64, (code, message): (&'static str, String)| ParseError {
        code,
        message,
        offset: usize::try_from(offset).unwrap_or(usize::MAX),
    };
    if text.len() > FILE_BYTES_MAX {
        return Err(at(0, ("too-large", format!("the report has {} bytes, at most {FILE_BYTES_MAX}", text.len()))));
    }
    loop {
        let event = reader.read_event().map_err(|error| at(reader.error_position(), ("bad-xml", error.to_string())))?;
        if event == Event::Eof {
            break;
        }
        parser.event(&event).map_err(|problem| at(reader.buffer_position(), problem))?;
    }
    parser.finish().map_err(|problem| at(reader.buffer_position(), problem))
}

type Problem = (&'static str, String);

impl Parser<'_> {
    fn event(&mut self, event: &Event<'_>) -> Result<(), Problem> {
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::Empty(tag) => {
                self.start(tag)?;
                self.end()?;
            }
            Event::End(_) => self.end()?,
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(&resolve(reference)),
            Event::DocType(doctype) if doctype.contains('[') => {
                return Err(("doctype", "the report defines its own entities, which are not expanded".to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Problem> {
        let local = tag.local_name();
        let name = local.as_ref();
        if self.open.len() == DEPTH_MAX {
            return Err(("too-deep", format!("the report nests deeper than {DEPTH_MAX} elements")));
        }
        if self.open.is_empty() {
            self.root(name)?;
        }
        let element = self.classify(name);
        self.open.push(element);
        match element {
            Element::Suite => self.start_suite(tag),
            Element::Case => self.start_case(tag),
            Element::Mark => self.start_mark(name, tag),
            Element::Output | Element::Other => {}
        }
        Ok(())
    }

    fn root(&mut self, name: &str) -> Result<(), Problem> {
        if !ROOTS.contains(&name) {
            return Err(("not-junit", format!("the report begins with <{name}>, JUnit XML with <testsuites>")));
        }
        self.has_root = true;
        Ok(())
    }

    fn classify(&self, name: &str) -> Element {
        let parent = self.open.last().copied();
        match name {
            "testsuites" | "testsuite" | "testrun" if parent.is_none_or(|parent| parent == Element::Suite) => {
                Element::Suite
            }
            "testcase" if parent == Some(Element::Suite) => Element::Case,
            "stackTrace" if parent == Some(Element::Mark) => Element::Mark,
            "system-out" | "system-err" if parent == Some(Element::Case) => Element::Output,
            _ if matches!(parent, Some(Element::Case | Element::Suite)) && Mark::of(name).is_some() => Element::Mark,
            _ => Element::Other,
        }
    }

    fn start_suite(&mut self, tag: &BytesStart<'_>) {
        let mut suite = Suite::default();
        each_attribute(tag, |name, value| match name {
            "name" => suite.name = value,
            "file" | "filepath" => suite.file = value,
            "failures" | "errors" => suite.counted_red += value.trim().parse::<u64>().unwrap_or(0),
            _ => {}
        });
        if let Some(parent) = self.suites.last_mut() {
            parent.has_children = true;
            if suite.file.is_empty() {
                suite.file.clone_from(&parent.file);
            }
        }
        self.suites.push(suite);
    }

    fn start_case(&mut self, tag: &BytesStart<'_>) {
        let mut case = Case::default();
        let (mut file, mut line, mut not_run) = (String::new(), None, false);
        each_attribute(tag, |name, value| match name {
            "name" => case.name = value,
            "classname" => case.suite = value,
            "time" => case.duration_ms = duration_ms(&value),
            "file" => file = value,
            "line" => line = value.trim().parse().ok(),
            "status" | "result" => not_run |= NOT_RUN.contains(&value.to_ascii_lowercase().as_str()),
            _ => {}
        });
        if let Some(suite) = self.suites.last_mut() {
            suite.has_children = true;
            if case.suite.is_empty() {
                case.suite.clone_from(&suite.name);
            }
            // pytest counts lines from 0.
            line = line.map(|line: u32| line.saturating_add(u32::from(suite.name == "pytest")));
            file = if file.is_empty() { suite.file.clone() } else { file };
        }
        case.at = location(self.config, &file, line.filter(|line| *line > 0));
        if not_run {
            case.mark(Mark::Skipped, "", "");
        }
        self.case = Some(case);
    }

    /// A mark below a suite is the suite's own: a fixture that broke. `stackTrace` only carries text.
    fn start_mark(&mut self, name: &str, tag: &BytesStart<'_>) {
        let Some(mark) = Mark::of(name) else { return };
        let (mut message, mut kind) = (String::new(), String::new());
        each_attribute(tag, |name, value| match name {
            "message" => message = value,
            "type" => kind = value,
            _ => {}
        });
        if let Some(case) = self.current() {
            case.mark(mark, &message, &kind);
        }
    }

    /// The case that is open, or else the one that stands for the suite itself.
    fn current(&mut self) -> Option<&mut Case> {
        match &mut self.case {
            Some(case) => Some(case),
            None => self.suites.last_mut().map(Suite::own_case),
        }
    }

    fn text(&mut self, text: &str) {
        match self.open.last() {
            Some(Element::Mark) => {
                if let Some(case) = self.current() {
                    case.detail(text);
                }
            }
            Some(Element::Output) => {
                if let Some(case) = &mut self.case {
                    case.output(text);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self) -> Result<(), Problem> {
        let closed = match self.open.pop() {
            Some(Element::Suite) => self.suites.pop().and_then(Suite::finish),
            Some(Element::Case) => self.case.take(),
            _ => None,
        };
        if let Some(case) = closed {
            if self.cases.len() == CASES_MAX {
                return Err(("too-many-cases", format!("the report has more than {CASES_MAX} cases")));
            }
            self.cases.push(case.finish(self.config));
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<TestCase>, Problem> {
        if !self.has_root {
            return Err(("not-junit", "the file holds no XML element".to_owned()));
        }
        if !self.open.is_empty() {
            return Err(("bad-xml", "the report ends early: the test tool was stopped while it wrote".to_owned()));
        }
        Ok(self.cases)
    }
}

/// Attributes that are readable; a tool's odd one does not spoil the others.
fn each_attribute(tag: &BytesStart<'_>, mut take: impl FnMut(&str, String)) {
    for attribute in tag.attributes().with_checks(false).flatten() {
        let value =
            unescape(&attribute.value).map_or_else(|_| attribute.value.to_string(), std::borrow::Cow::into_owned);
        take(attribute.key.local_name().as_ref(), value);
    }
}

/// A character reference or one of XML's five entities; another one stays as it is written.
fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(char)) = reference.resolve_char_ref() {
        return char.to_string();
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name).map_or_else(|| format!("&{name};"), str::to_owned)
}
