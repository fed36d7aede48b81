//! Native tools in real sandboxes. Without bubblewrap these tests say so and pass, except in continuous integration.

mod cache;
mod endings;
mod files;
mod rust;
mod setup;
mod walls;
mod world;
