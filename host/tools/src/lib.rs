//! Native tools in an operating system sandbox.
//!
//! A command is one [`ToolAction`](lockgate_ports::ToolAction): the files that it declares are copied into a stage
//! folder, bubblewrap runs it there with nothing but the roots of the tools that were granted, and what matches its
//! outputs is carried back once its last process is dead.
//!
//! What holds, and what does not:
//! - Namespaces for users, processes, network, mounts, host name and IPC are its own. The network namespace is empty.
//!   Under `grants.http` one socket listens in it, a proxy that the host serves (the port `Egress`) and that the
//!   environment names; without such grants nothing does. There is no name service: the proxy resolves names. Programs
//!   that know no proxy reach nothing.
//! - `grants.read` narrows the declared inputs. A change that `grants.write` does not cover is refused, and with it all
//!   that the command changed.
//! - Secrets go into the environment by memory that bubblewrap is handed, never onto a command line. A command that had
//!   one, or that had a network, is never remembered.
//! - The environment is made from nothing; the only writable places are the workspace, its scratch folders, and two
//!   memory file systems of limited size.
//! - `argv[0]` must be granted. Its children can execute whatever lies in the roots of the granted tools; for most
//!   tools that is all of `/usr`, because that is where their interpreters and libraries are.
//! - Memory and CPU are not limited: that takes control groups, which most machines do not delegate to users.
//!   [`NativeTools::diagnose`] tells which limits are in force.
//!
//! A command that ends in the sandbox leaves orphans that the kernel gives to this process: [`NativeTools::new`] makes
//! it a child subreaper (`prctl(2)`), which is how a command's whole tree is waited for and its CPU time is known.

mod action_cache;
mod action_key;
mod bubblewrap;
mod builtin;
mod catalog;
mod changes;
mod completion;
mod definition;
mod diagnose;
mod fingerprint;
mod folder;
mod globs;
mod inputs;
mod kept;
mod key_parts;
mod launch;
mod limits;
mod namespace;
mod native;
mod network;
mod permits;
mod process;
mod proto;
mod reap;
mod request;
mod stage;
mod streams;
mod walk;
mod watchdog;

pub use action_cache::check_kept;
pub use catalog::{Catalog, Root, Tool};
pub use definition::ToolDefinition;
pub use diagnose::Check;
pub use limits::Limits;
pub use native::{NativeTools, Settings};
