//! What sets a pipeline off: globs that are globs, schedules that are schedules.

use super::grants::check_glob;
use crate::definition::{Filter, Pipeline};
use crate::diagnostics::Report;
use crate::source::Spanned;

/// Minute, hour, day of the month, month, day of the week, as crontab(5) has them: least and greatest number.
const CRON_FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Checks `on:`.
pub(crate) fn check(file: &Pipeline, report: &mut Report) {
    let Some(on) = &file.on else { return };
    on.push.iter().chain(&on.pull_request).for_each(|filter| check_filter(filter, report));
    on.schedule.iter().flat_map(|schedule| &schedule.0).for_each(|cron| check_cron(cron, report));
}

fn check_filter(filter: &Filter, report: &mut Report) {
    let globs = [&filter.branches, &filter.tags, &filter.paths].into_iter().flatten().flat_map(|globs| &globs.0);
    globs.for_each(|glob| check_glob(&glob.value, glob.span, report));
}

fn check_cron(cron: &Spanned<String>, report: &mut Report) {
    if let Err(message) = cron_fault(&cron.value) {
        report
            .error("wrong-schedule", cron.span, message)
            .help("five fields: minute, hour, day of the month, month, day of the week; `0 3 * * *` is every night at 3 (UTC)");
    }
}

fn cron_fault(text: &str) -> Result<(), String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != CRON_FIELDS.len() {
        return Err(format!("a schedule has five fields, and this has {}", fields.len()));
    }
    for (field, (name, least, greatest)) in fields.into_iter().zip(CRON_FIELDS) {
        if !field.split(',').all(|part| is_range(part, least, greatest)) {
            return Err(format!("`{field}` is no {name} of a schedule ({least} to {greatest})"));
        }
    }
    Ok(())
}

/// `*`, `5`, `1-5`, `mon-fri`, each with `/2` or without.
fn is_range(part: &str, least: u32, greatest: u32) -> bool {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let is_step = step.parse::<u32>().is_ok_and(|step| step > 0 && step <= greatest.max(1));
    let value = |text: &str| number(text, greatest).filter(|value| (least..=greatest).contains(value));
    let is_range = range == "*"
        || match range.split_once('-') {
            Some((from, to)) => value(from).zip(value(to)).is_some_and(|(from, to)| from <= to),
            None => value(range).is_some(),
        };
    is_step && is_range
}

fn number(text: &str, greatest: u32) -> Option<u32> {
    let place = |names: &[&str]| names.iter().position(|name| text.eq_ignore_ascii_case(name));
    match greatest {
        12 => place(&MONTHS).map(|at| at + 1),
        7 => place(&DAYS),
        _ => None,
    }
    .and_then(|at| u32::try_from(at).ok())
    .or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(cron_fault(text).is_ok(), expected, "{text}: {:?}", cron_fault(text));
    }

    #[test]
    fn schedules_have_five_fields() {
        for good in ["0 3 * * *", "*/15 0-6,22 1 jan-mar MON", "59 23 31 12 7"] {
            check(good, true);
        }
        for bad in ["", "0 3 * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "*/0 * * * *"] {
            check(bad, false);
        }
    }
}
