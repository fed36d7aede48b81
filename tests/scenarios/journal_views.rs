//! Views of the journal: every call of a step, the least grants that its calls need, and another plugin over them.

mod calls;
mod grants;
mod rehearsals;
