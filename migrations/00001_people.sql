-- +goose Up
-- Who: providers, their homes (on screen: settings), the actors who act, and the records kept about people.
-- One sequence numbers everything, so an id of one kind is never by chance the id of another kind, and no id tells how many there are of its kind.
create extension if not exists btree_gist with schema public;
-- the functions below are handed to custodian_rule, which must be able to hold them here
grant create, usage on schema app to custodian_rule;
create sequence app.ids start 1000;

create table app.provider (
  id bigint primary key default nextval('app.ids'),
  name text not null,
  created_at timestamptz not null default now(),
  constraint provider_id_fits check (id between 1 and 1::bigint << 55),
  constraint provider_name_said check (length(name) between 1 and 200)
);

create table app.home (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  name text not null,
  kind text not null,
  created_at timestamptz not null default now(),
  constraint home_id_fits check (id between 1 and 1::bigint << 55),
  constraint home_name_said check (length(name) between 1 and 200),
  constraint home_kind_known check (kind in ('childrens-home', 'family-centre', 'supported-accommodation')),
  unique (provider_id, id)
);

-- A person, a service account, or Custodian itself (id 1: it sets up, and never reads content).
create table app.actor (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint references app.provider,
  kind text not null,
  name text not null,
  post_title text not null default '',
  email text not null default '',
  issuer text not null default '',
  subject text not null default '',
  created_at timestamptz not null default now(),
  created_by bigint not null references app.actor,
  constraint actor_kind_known check (kind in ('person', 'service', 'system')),
  constraint actor_has_provider check ((kind = 'system') = (provider_id is null)),
  constraint actor_name_said check (length(name) between 1 and 200)
);
create unique index actor_identity on app.actor (issuer, subject) where subject <> '';
insert into app.actor (id, kind, name, created_by) values (1, 'system', 'Custodian', 1);

-- kind: 0 young person, 1 staff member, 2 family, 3 library, 4 parent (internal/access has the same list).
-- home_id and open are today's shelf, kept by record_event's trigger; the history is in record_event.
create table app.record (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  home_id bigint,
  kind smallint not null,
  name text not null,
  actor_id bigint references app.actor,
  open boolean not null default true,
  created_at timestamptz not null default now(),
  created_by bigint not null references app.actor,
  foreign key (provider_id, home_id) references app.home (provider_id, id),
  constraint record_id_fits check (id between 1 and 1::bigint << 55),
  constraint record_kind_known check (kind between 0 and 4),
  constraint record_name_said check (length(name) between 1 and 200),
  constraint record_actor_is_staff check (actor_id is null or kind = 1)
);
create index record_home on app.record (home_id, kind, name, id);
create index record_provider on app.record (provider_id, kind, name, id);

-- Opened, closed, reopened, moved: dated, with who and why.
create table app.record_event (
  id bigint primary key default nextval('app.ids'),
  record_id bigint not null references app.record,
  what text not null,
  on_date date not null,
  home_id bigint references app.home,
  from_home_id bigint references app.home,
  why text not null,
  by_actor bigint not null references app.actor,
  at timestamptz not null default clock_timestamp(),
  constraint record_event_known check (what in ('opened', 'closed', 'reopened', 'moved')),
  constraint record_event_moves_to check ((what = 'moved') <= (home_id is not null)),
  constraint record_event_why_said check (length(why) between 1 and 2000)
);
create index record_event_of on app.record_event (record_id, id);

-- A role held at a home (or at the whole provider), from when to when. Its grants derive from it.
create table app.role_held (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  role text not null,
  provider_id bigint not null references app.provider,
  home_id bigint,
  from_at timestamptz not null,
  until_at timestamptz not null default 'infinity',
  given_by bigint not null references app.actor,
  why text not null,
  foreign key (provider_id, home_id) references app.home (provider_id, id),
  constraint role_held_period check (from_at <= until_at)
);
create index role_held_of on app.role_held (actor_id, until_at);

-- The only source of access. mask: one bit a class (record kind x section); rights: one bit a right (internal/access).
-- through_home: the home by which a narrower grant was given; it ends when its record leaves that home.
create table app.grants (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  scope smallint not null,
  scope_id bigint not null,
  mask int not null,
  rights int not null,
  basis text not null,
  role_held_id bigint references app.role_held,
  through_home bigint references app.home,
  given_by bigint not null references app.actor,
  why text not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null default 'infinity',
  constraint grants_scope_known check (scope between 0 and 3),
  constraint grants_scope_fits check (scope_id between 1 and 1::bigint << 55),
  constraint grants_mask_known check (mask between 1 and 32767),
  constraint grants_rights_known check (rights between 1 and 127),
  constraint grants_basis_known check (basis in ('role', 'key-worker', 'break-glass', 'inspector-pass', 'portal-link', 'data-subject')),
  constraint grants_why_said check (length(why) between 1 and 2000),
  constraint grants_period check (valid_from <= valid_until)
);
create index grants_live on app.grants (actor_id, valid_until, valid_from);
create index grants_place on app.grants (scope, scope_id, valid_until);
create index grants_role on app.grants (role_held_id);
create index grants_through on app.grants (through_home, actor_id);

-- A record that one actor must not see, whatever their grants say (a relative, a colleague's child).
create table app.shield (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  record_id bigint not null references app.record,
  why text not null,
  given_by bigint not null references app.actor,
  valid_from timestamptz not null,
  valid_until timestamptz not null default 'infinity',
  constraint shield_period check (valid_from <= valid_until)
);
create index shield_live on app.shield (actor_id, valid_until, valid_from);

-- An API token acts as its actor; only its SHA-256 is kept.
create table app.token (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  hash bytea not null unique,
  label text not null,
  created_at timestamptz not null default now(),
  created_by bigint not null references app.actor,
  expires_at timestamptz not null,
  revoked_at timestamptz not null default 'infinity',
  made_with bigint references app.token, -- the token that asked for it, and with which it ends
  constraint token_hash_is_sha256 check (length(hash) = 32)
);
create index token_of on app.token (actor_id);
create index token_made_with on app.token (made_with);
create table app.token_use (token_id bigint primary key references app.token, last_at timestamptz not null);
