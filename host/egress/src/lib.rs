//! Everything that leaves for the network: one broker for plugins and native tools.
