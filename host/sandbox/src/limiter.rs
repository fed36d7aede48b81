//! Memory and tables of one call: what wasmtime asks before it lets either grow.

use lockgate_model::limits::{MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};
use lockgate_model::outcome::Limit;
use wasmtime::ResourceLimiter;

/// Counts all memories and all tables of one store together: a component that is made of many modules gets no more.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
    denied: Option<Limit>,
}

impl Limiter {
    /// The first growth that was refused.
    pub(crate) fn denied(&self) -> Option<Limit> {
        self.denied
    }

    fn deny(&mut self, limit: Limit) -> wasmtime::Result<bool> {
        self.denied.get_or_insert(limit);
        Ok(false)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if maximum.is_some_and(|maximum| desired > maximum) || wanted > MEMORY_BYTES_MAX {
            return self.deny(Limit::Memory);
        }
        self.memory_bytes = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.table_elements.saturating_add(desired.saturating_sub(current));
        if maximum.is_some_and(|maximum| desired > maximum) || wanted > TABLE_ELEMENTS_MAX {
            return self.deny(Limit::Table);
        }
        self.table_elements = wanted;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(growths: &[(usize, usize)], expected: Option<Limit>) {
        let mut limiter = Limiter::default();
        for (current, desired) in growths {
            let allowed = limiter.memory_growing(*current, *desired, None).expect("never an error");
            assert_eq!(allowed, limiter.denied().is_none(), "{growths:?}");
        }
        assert_eq!(limiter.denied(), expected, "{growths:?}");
    }

    #[test]
    fn memory_is_counted_over_all_modules() {
        check(&[(0, MEMORY_BYTES_MAX)], None);
        check(&[(0, MEMORY_BYTES_MAX + 1)], Some(Limit::Memory));
        check(&[(0, MEMORY_BYTES_MAX / 2), (0, MEMORY_BYTES_MAX / 2)], None);
        check(&[(0, MEMORY_BYTES_MAX / 2), (0, MEMORY_BYTES_MAX / 2 + 1)], Some(Limit::Memory));
    }

    #[test]
    fn a_table_ends_at_its_limit() {
        let mut limiter = Limiter::default();
        assert!(limiter.table_growing(0, TABLE_ELEMENTS_MAX, None).expect("never an error"));
        assert!(!limiter.table_growing(TABLE_ELEMENTS_MAX, TABLE_ELEMENTS_MAX + 1, None).expect("never an error"));
        assert_eq!(limiter.denied(), Some(Limit::Table));
    }
}
