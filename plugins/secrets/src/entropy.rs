//! How random a text looks.

/// Shannon entropy in bits a byte; 0 for an empty text.
#[must_use]
pub fn shannon(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let total = text.len() as f64;
    let share = |count: &u32| f64::from(*count) / total;
    counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (text, expected) in
            [("", 0.0), ("aaaa", 0.0), ("ab", 1.0), ("abcd", 2.0), ("aabb", 1.0), ("0123456789abcdef", 4.0)]
        {
            assert!((shannon(text.as_bytes()) - expected).abs() < 1e-9, "{text}");
        }
    }
}
