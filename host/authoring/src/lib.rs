//! For authors of plugins: new, build, test, inspect, docs.
