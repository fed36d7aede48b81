//! wasmtime's engine: one configuration, for the host and for whatever compares itself with it.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use lockgate_model::limits::{MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often guests are interrupted to see whether they may go on.
const EPOCH: Duration = Duration::from_millis(10);
/// A guest's stack of calls.
const STACK_BYTES_MAX: usize = 512 * 1024;
/// Core modules of one component: Rust has about 4, Python up to 38.
const CORE_INSTANCES_MAX: u32 = 50;
/// Memories and tables of one component.
const MEMORIES_MAX: u32 = 4;
const TABLES_MAX: u32 = 50;
/// Memories and tables of one module.
const MODULE_MEMORIES_MAX: u32 = 1;
const MODULE_TABLES_MAX: u32 = 4;
/// What a slot of the pool keeps between two instances. Pages that were written are set back in place: giving them back to
/// the kernel interrupts every processor, and costs more than the call itself.
const KEEP_RESIDENT_BYTES: usize = 2 * 1024 * 1024;
/// Frames of a trap's backtrace.
const FRAMES_MAX: usize = 20;

/// The configuration of every engine: deterministic, interruptible, pooled, and without what plugins do not need.
#[must_use]
pub fn config(instances_max: u32) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES_MAX)
        .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES_MAX))
        .wasm_gc(false)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .cranelift_nan_canonicalization(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances_max)));
    config
}

fn pool(instances_max: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances_max)
        .total_core_instances(instances_max.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(instances_max.saturating_mul(MEMORIES_MAX))
        .total_tables(instances_max.saturating_mul(TABLES_MAX))
        // Guests run on the threads that call them.
        .total_stacks(0)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_memories_per_module(MODULE_MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(MODULE_TABLES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Moves the engine's epoch on, from a thread that ends with the engine.
pub(crate) fn tick(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let ticks = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH);
        }
    };
    thread::Builder::new().name("lockgate-epoch".to_owned()).spawn(ticks).map(drop)
}
