//! Lines into blocks.

use super::line::{self, CaseLine};
use super::{Block, Status, details};

/// Reads the blocks of a whole run's standard output, whatever else stands between them.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    open: Option<Open>,
}

/// A block that has not been counted yet.
#[derive(Default)]
struct Open {
    block: Block,
    /// A test that was named and has no outcome yet.
    begun: Option<String>,
    /// Lines from the first `failures:` or `successes:` on.
    details: Option<Vec<String>>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let Some(open) = &mut self.open else { return self.outside(line) };
        if let Some(tally) = line::tally(line).filter(|_| open.may_end()) {
            open.block.tally = Some(tally);
            return self.close();
        }
        if open.details.is_none() && line::running(line).is_some() {
            self.close();
            return self.outside(line);
        }
        if let Some(open) = &mut self.open {
            open.line(line);
        }
    }

    fn outside(&mut self, line: &str) {
        self.open = line::running(line)
            .map(|announced| Open { block: Block { announced, ..Block::default() }, ..Open::default() });
    }

    fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        open.block.unfinished = open.begun.take();
        if let Some(lines) = &open.details {
            details::settle(&mut open.block.cases, lines);
            details::attach(&mut open.block.cases, lines);
        }
        self.blocks.push(open.block);
    }

    fn finish(mut self) -> Vec<Block> {
        self.close();
        self.blocks
    }
}

impl Open {
    fn line(&mut self, line: &str) {
        match &mut self.details {
            Some(details) => details.push(line.to_owned()),
            None if matches!(line, "failures:" | "successes:") => self.details = Some(vec![line.to_owned()]),
            None => self.progress(line),
        }
    }

    fn progress(&mut self, line: &str) {
        match line::case(line) {
            Some(CaseLine::Whole(case)) => {
                self.begun = None;
                self.block.cases.push(case);
            }
            Some(CaseLine::Begun(name)) => self.begun = Some(name),
            None => self.outcome(line),
        }
    }

    /// With one thread and `--nocapture`, the outcome stands alone behind what the test wrote.
    fn outcome(&mut self, line: &str) {
        let is_alone = matches!(line, "ok" | "FAILED")
            || (self.begun.is_some() && (line.ends_with("ok") || line.ends_with("FAILED")));
        if !is_alone {
            return;
        }
        if let Some(case) = self.begun.take().and_then(|name| line::outcome(&name, line)) {
            self.block.cases.push(case);
        }
    }

    /// A `test result:` line inside the shown output of a failed test does not end the block: the list of the failed
    /// tests must have been written before it.
    fn may_end(&self) -> bool {
        let Some(details) = &self.details else { return true };
        let failed = self.block.cases.iter().filter(|case| case.status == Status::Failed);
        details::listed(details)
            .is_some_and(|names| failed.map(|case| &case.name).all(|name| names.contains(&name.as_str())))
    }
}
