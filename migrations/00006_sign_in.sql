-- +goose Up
-- Signing in: which group of a sign-in service gives which role, what each sign-in brought, and the sessions of browsers.

-- Dated, and only ever closed: a group of an issuer gives a role, at a setting or at the whole organisation.
create table app.group_role (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  issuer text not null,
  group_name text not null,
  role text not null,
  home_id bigint,
  from_at timestamptz not null,
  until_at timestamptz not null default 'infinity',
  given_by bigint not null references app.actor,
  why text not null,
  foreign key (provider_id, home_id) references app.home (provider_id, id),
  constraint group_role_said check (length(issuer) between 1 and 500 and length(group_name) between 1 and 200 and length(role) between 1 and 50),
  constraint group_role_why_said check (length(why) between 1 and 2000),
  constraint group_role_period check (from_at <= until_at),
  constraint group_role_once exclude using gist (provider_id with =, issuer with =, group_name with =, role with =, (coalesce(home_id, 0)) with =,
    tstzrange(from_at, until_at) with &&)
);
create index group_role_by_name on app.group_role (issuer, group_name, until_at);
create index group_role_of on app.group_role (provider_id, until_at);

-- Which mapping a role came from; null for one that was given by hand.
alter table app.role_held add group_role_id bigint references app.group_role;
create index role_held_group on app.role_held (group_role_id) where group_role_id is not null;

-- What the sign-in service said about somebody whom it let in. Nothing here is copied over the actor. answer is the SHA-256 of the
-- transaction's state: an answer counts once.
create table app.sign_in (
  id bigint primary key default nextval('app.ids'),
  at timestamptz not null default clock_timestamp(),
  answer bytea not null,
  actor_id bigint references app.actor,
  provider_id bigint references app.provider,
  issuer text not null,
  subject text not null,
  name text not null default '',
  email text not null default '',
  groups text[] not null default '{}',
  outcome text not null,
  request text not null default '',
  constraint sign_in_answer_once unique (answer),
  constraint sign_in_answer_is_sha256 check (length(answer) = 32),
  constraint sign_in_outcome_known check (outcome in ('done', 'no-role')),
  constraint sign_in_of_somebody check ((actor_id is null) = (provider_id is null) and (outcome = 'no-role' or actor_id is not null)),
  constraint sign_in_short check (length(subject) between 1 and 255 and length(name) <= 200 and length(email) <= 320 and length(request) <= 64)
);
create index sign_in_provider on app.sign_in (provider_id, id desc);
create index sign_in_stranger on app.sign_in (issuer, id desc) where provider_id is null;
create index sign_in_actor on app.sign_in (actor_id, id desc);

-- A browser in which somebody is signed in. Only the SHA-256 of the cookie's secret is kept. provider_hint is the ID token for signing out at the
-- service, sealed under a key made from that secret: it opens for the browser alone. Rights are never here.
create table app.session (
  id bigint primary key default nextval('app.ids'),
  actor_id bigint not null references app.actor,
  sign_in_id bigint not null unique references app.sign_in,
  hash bytea not null unique,
  begun_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  idle_seconds int not null,
  provider_hint bytea,
  ended_at timestamptz not null default 'infinity',
  constraint session_hash_is_sha256 check (length(hash) = 32),
  constraint session_idle_counts check (idle_seconds > 0),
  constraint session_ends check (begun_at < expires_at)
);
create index session_of on app.session (actor_id, ended_at);
-- Operational: when a session was last used, to the minute.
create table app.session_use (session_id bigint primary key references app.session, last_at timestamptz not null);

-- +goose StatementBegin
-- Who a browser's session belongs to, while it is live. Anyone may ask, and must know the secret's hash to be told.
create function app.visitor(secret_hash bytea) returns table (session_id bigint, actor_id bigint, kind text, provider_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select s.id, a.id, a.kind, a.provider_id from app.session s join app.actor a on a.id = s.actor_id
    left join app.session_use u on u.session_id = s.id
    where s.hash = secret_hash and s.expires_at > statement_timestamp() and s.ended_at > statement_timestamp() and a.kind = 'person'
      and greatest(s.begun_at, u.last_at) + make_interval(secs => s.idle_seconds) > statement_timestamp();
end $$;
-- +goose StatementEnd
alter function app.visitor(bytea) owner to custodian_rule;

-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['group_role', 'sign_in', 'session', 'session_use'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
  end loop;
  foreach t in array array['group_role:until_at', 'session:ended_at'] loop
    execute format('create trigger keep before update on app.%I for each row execute function app.closes_only(%L)', split_part(t, ':', 1), split_part(t, ':', 2));
    execute format('create trigger keep_rows before delete on app.%I for each row execute function app.append_only()', split_part(t, ':', 1));
  end loop;
  foreach t in array array['group_role', 'sign_in', 'session'] loop
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
end $$;
-- +goose StatementEnd
create trigger keep before update or delete on app.sign_in for each row execute function app.append_only();
revoke select on app.session from custodian_app;
grant select (id, actor_id, sign_in_id, begun_at, expires_at, idle_seconds, provider_hint, ended_at) on app.session to custodian_app;
grant update (until_at) on app.group_role to custodian_app;
grant update (ended_at) on app.session to custodian_app;
grant update (last_at) on app.session_use to custodian_app;

create policy sees on app.group_role for select to custodian_app using (app.manages(provider_id, null, (select app.reach(8))));
create policy gives on app.group_role for insert to custodian_app with check (given_by = app.me() and app.manages(provider_id, null, (select app.reach(8))));
create policy ends on app.group_role for update to custodian_app using (app.manages(provider_id, null, (select app.reach(8))));

-- a stranger is shown to the administrators of whoever has mapped a group of the same issuer
create policy sees on app.sign_in for select to custodian_app using (actor_id = (select app.me()) or app.manages(provider_id, null, (select app.reach(8)))
  or provider_id is null and exists (select from app.group_role g where g.issuer = sign_in.issuer and g.until_at > now()));
create policy records on app.sign_in for insert to custodian_app with check (app.me() = 1);

-- a session follows from a sign-in of the same person, and from each sign-in one
create policy sees on app.session for select to custodian_app using (actor_id = (select app.me()));
create policy begins on app.session for insert to custodian_app with check (actor_id = app.me() and app.my_kind() = 'person'
  and exists (select from app.sign_in i where i.id = sign_in_id and i.actor_id = app.me() and i.outcome = 'done'));
create policy ends on app.session for update to custodian_app using (actor_id = (select app.me()));
-- written as a request begins, before anybody acts; whoever acts sees their own, and writes none
create policy sees on app.session_use for select to custodian_app using ((select app.me()) is null or exists (select from app.session s where s.id = session_id));
create policy keeps on app.session_use for insert to custodian_app with check (app.me() is null);
create policy renews on app.session_use for update to custodian_app using (app.me() is null);

-- a role that says it came from a group is the very role that the group gives
drop policy gives on app.role_held;
create policy gives on app.role_held for insert to custodian_app with check (given_by = app.me() and app.manages(provider_id, home_id, (select app.reach(8)))
  and exists (select from app.actor a where a.id = actor_id and a.provider_id = role_held.provider_id)
  and (group_role_id is null or exists (select from app.group_role g where g.id = group_role_id and g.provider_id = role_held.provider_id
    and g.role = role_held.role and g.home_id is not distinct from role_held.home_id and g.until_at > now())));
