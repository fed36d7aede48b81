-- Streams have a small number of their own, so that an event's key is two integers.
create table stream (
    id   integer primary key,
    name text not null unique
) strict;

-- The truth. Instants are milliseconds since the epoch here and in every other table; bodies are JSON.
create table event (
    stream integer not null,
    seq    integer not null,
    at     integer not null,
    body   blob not null,
    primary key (stream, seq)
) strict, without rowid;

-- Who may append. A released lease stays, without owner, because its epoch must never come again.
create table lease (
    stream integer primary key,
    epoch  integer not null,
    owner  text not null,
    until  integer not null
) strict;

-- Wishes for whoever drives a stream. A taken one stays until its taker confirms it, or another takes over.
create table command (
    id          integer primary key,
    stream      integer not null,
    at          integer not null,
    body        blob not null,
    taken_epoch integer not null default 0
) strict;
create index command_stream on command (stream, id);

create table view (
    view text not null,
    key  text not null,
    body blob not null,
    primary key (view, key)
) strict, without rowid;

-- Small journals of attempts, as lines of JSON; large ones are files. One tree rather than a table and its index: each
-- page less that a pure step writes is time less that its commit takes.
create table journal (
    attempt text primary key,
    body    blob not null
) strict, without rowid;
