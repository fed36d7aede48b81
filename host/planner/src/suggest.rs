//! "Did you mean": the nearest of the names that would have been right.

/// How like a name must be to be worth a suggestion (Jaro-Winkler, 0 to 1).
const LIKENESS_MIN: f64 = 0.8;

/// The candidate that is most like `word`, where one is like it at all.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (likeness(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

fn likeness(word: &str, candidate: &str) -> f64 {
    let [word, candidate] = [word, candidate].map(|name| name.to_lowercase().replace('_', "-"));
    let typos = strsim::damerau_levenshtein(&word, &candidate);
    if typos == 1 && word.len() > 1 { 1.0 } else { strsim::jaro_winkler(&word, &candidate) }
}

/// "did you mean `x`?", or the candidates themselves where none is near and there are few.
pub(crate) fn help<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, candidates.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if candidates.is_empty() || candidates.len() > 20 => None,
        None => Some(format!("one of {}", list(candidates))),
    }
}

/// Names for a sentence: `a`, `b`, `c`.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(help(word, candidates.iter().copied()).as_deref(), expected, "{word}");
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        check("timout", &["time", "timeout", "retry"], Some("did you mean `timeout`?"));
        check("continue_on_error", &["continue-on-error"], Some("did you mean `continue-on-error`?"));
        check("runs", &["run", "uses"], Some("did you mean `run`?"));
    }

    #[test]
    fn where_none_is_near_the_choice_is_shown() {
        check("zebra", &["run", "uses"], Some("one of `run`, `uses`"));
        check("zebra", &[], None);
    }
}
