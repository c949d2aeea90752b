-- +goose Up
-- The organisation's directory service says who works here and who is in which group (SCIM 2.0: RFC 7643 and 7644); and the last administrator stays.
-- What it said is kept as it was said, each word from when to when. A right of its own (256) lets a directory say it, and nothing else.
alter table app.grants drop constraint grants_rights_known, add constraint grants_rights_known check (rights between 1 and 511);

-- What a directory service shows that it is one. It opens nothing but /scim/v2: it is no row of app.token. Only its SHA-256 is kept.
create table app.scim_token (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  actor_id bigint not null references app.actor,
  hash bytea not null unique,
  label text not null,
  created_at timestamptz not null default now(),
  created_by bigint not null references app.actor,
  expires_at timestamptz not null,
  revoked_at timestamptz not null default 'infinity',
  constraint scim_token_hash_is_sha256 check (length(hash) = 32),
  constraint scim_token_label_said check (length(label) between 1 and 200)
);
create index scim_token_of on app.scim_token (provider_id, id desc);
-- Operational: when it was last used, to the minute.
create table app.scim_use (token_id bigint primary key references app.scim_token, last_at timestamptz not null);

-- Somebody whom the directory knows. subject is what the sign-in service of that issuer will call them: it is what they are known by, and never changes.
create table app.scim_user (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  issuer text not null,
  subject text not null,
  created_at timestamptz not null default now(),
  constraint scim_user_subject_said check (length(subject) between 1 and 255 and length(issuer) between 1 and 500),
  constraint scim_user_in unique (provider_id, id),
  constraint scim_user_is unique (id, provider_id, issuer, subject)
);
create table app.scim_user_said (
  id bigint primary key default nextval('app.ids'),
  user_id bigint not null,
  provider_id bigint not null,
  issuer text not null,
  subject text not null,
  user_name text not null,
  external_id text not null default '',
  display_name text not null default '',
  given_name text not null default '',
  family_name text not null default '',
  title text not null default '',
  email text not null default '',
  active boolean not null,
  deleted boolean not null default false,
  from_at timestamptz not null default now(),
  until_at timestamptz not null default 'infinity',
  said_by bigint not null references app.actor,
  foreign key (user_id, provider_id, issuer, subject) references app.scim_user (id, provider_id, issuer, subject),
  constraint scim_user_said_short check (length(user_name) between 1 and 255 and length(external_id) <= 255 and length(display_name) <= 200 and length(given_name) <= 200
    and length(family_name) <= 200 and length(title) <= 200 and length(email) <= 320),
  constraint scim_user_said_period check (from_at <= until_at)
);
create unique index scim_user_said_now on app.scim_user_said (user_id) where until_at = 'infinity';
create unique index scim_user_name_once on app.scim_user_said (provider_id, issuer, lower(user_name)) where until_at = 'infinity' and not deleted;
create unique index scim_user_subject_once on app.scim_user_said (provider_id, issuer, subject) where until_at = 'infinity' and not deleted;
create index scim_user_said_last on app.scim_user_said (provider_id, issuer, subject, id desc) where until_at = 'infinity';
create index scim_user_said_list on app.scim_user_said (provider_id, issuer, user_id) where until_at = 'infinity' and not deleted;

create table app.scim_group (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  issuer text not null,
  created_at timestamptz not null default now(),
  constraint scim_group_in unique (provider_id, id),
  constraint scim_group_is unique (id, provider_id, issuer)
);
create table app.scim_group_said (
  id bigint primary key default nextval('app.ids'),
  group_id bigint not null,
  provider_id bigint not null,
  issuer text not null,
  display_name text not null,
  external_id text not null default '',
  deleted boolean not null default false,
  from_at timestamptz not null default now(),
  until_at timestamptz not null default 'infinity',
  said_by bigint not null references app.actor,
  foreign key (group_id, provider_id, issuer) references app.scim_group (id, provider_id, issuer),
  constraint scim_group_said_short check (length(display_name) between 1 and 200 and length(external_id) <= 255),
  constraint scim_group_said_period check (from_at <= until_at)
);
create unique index scim_group_said_now on app.scim_group_said (group_id) where until_at = 'infinity';
create unique index scim_group_name_once on app.scim_group_said (provider_id, issuer, lower(display_name)) where until_at = 'infinity' and not deleted;
create index scim_group_said_list on app.scim_group_said (provider_id, issuer, group_id) where until_at = 'infinity' and not deleted;
create table app.scim_member (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null,
  group_id bigint not null,
  user_id bigint not null,
  from_at timestamptz not null default now(),
  until_at timestamptz not null default 'infinity',
  said_by bigint not null references app.actor,
  foreign key (provider_id, group_id) references app.scim_group (provider_id, id),
  foreign key (provider_id, user_id) references app.scim_user (provider_id, id),
  constraint scim_member_period check (from_at <= until_at)
);
create unique index scim_member_once on app.scim_member (group_id, user_id) where until_at = 'infinity';
create index scim_member_in on app.scim_member (group_id);
create index scim_member_of on app.scim_member (user_id) where until_at = 'infinity';

-- An organisation follows its directory no longer: nothing said before counts any more, also of those who had left.
create table app.scim_stop (
  id bigint primary key default nextval('app.ids'),
  provider_id bigint not null references app.provider,
  at timestamptz not null default clock_timestamp(),
  by_actor bigint not null references app.actor,
  why text not null,
  constraint scim_stop_why_said check (length(why) between 1 and 2000)
);
create index scim_stop_of on app.scim_stop (provider_id, at desc);

-- A directory says who works at its provider: the right 256 on the provider's staff.
create function app.directs(provider_id bigint, reach int8multirange) returns boolean language sql immutable parallel safe
return coalesce(reach @> (provider_id * 128 + 3), false);

-- +goose StatementBegin
-- Who a directory's token speaks for, while it is live and may still say anything. Anyone may ask, and must know the token's hash to be told.
create function app.directory(token_hash bytea) returns table (token_id bigint, actor_id bigint, kind text, provider_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select t.id, a.id, a.kind, a.provider_id from app.scim_token t join app.actor a on a.id = t.actor_id and a.provider_id = t.provider_id
    where t.hash = token_hash and t.expires_at > statement_timestamp() and t.revoked_at > statement_timestamp() and a.kind = 'service'
      and exists (select from app.grants g where g.actor_id = a.id and g.scope = 0 and g.scope_id = a.provider_id and g.rights & 256 = 256
        and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp());
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The last word of a provider's directory about an identity, if it has one and is still followed.
create function app.scim_last(of_provider bigint, by_issuer text, by_subject text) returns app.scim_user_said language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare said app.scim_user_said;
begin
  select * into said from app.scim_user_said s
  where s.provider_id = of_provider and s.issuer = by_issuer and s.subject = by_subject and s.until_at = 'infinity'
    and not exists (select from app.scim_stop x where x.provider_id = of_provider and x.at >= s.from_at)
  order by s.id desc limit 1;
  return said;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether somebody has left, by the last word of their provider's directory.
create function app.scim_inactive(actor bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare who app.actor; said app.scim_user_said;
begin
  select * into who from app.actor a where a.id = actor and a.subject <> '';
  if not found then return false; end if;
  said := app.scim_last(who.provider_id, who.issuer, who.subject);
  return said.id is not null and (said.deleted or not said.active);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whether somebody is in a group. Of a person whom the directory knows, it decides for each group that it provisions (by name or external id), and what a sign-in
-- sent counts for the rest; a group that it has given up counts again from the next sign-in on. Whoever has left is in none. Told to Custodian itself, to the
-- directory and to administrators; others are refused, since roles would end by the answer no.
create function app.in_group(of_provider bigint, by_issuer text, by_subject text, name text, sent text[], sent_at timestamptz) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare said app.scim_user_said := app.scim_last(of_provider, by_issuer, by_subject);
begin
  if app.me() is distinct from 1 and not app.directs(of_provider, app.reach(256)) and not app.manages(of_provider, null, app.reach(8)) then
    raise insufficient_privilege using message = 'who is in which group is not theirs to know';
  end if;
  if said.id is not null then
    if said.deleted or not said.active then return false; end if;
    if exists (select from app.scim_member m join app.scim_group_said g on g.group_id = m.group_id and g.until_at = 'infinity' and not g.deleted
        where m.user_id = said.user_id and m.until_at = 'infinity' and name in (g.display_name, g.external_id)) then
      return true;
    end if;
    if exists (select from app.scim_group_said g where g.provider_id = of_provider and g.issuer = by_issuer and name in (g.display_name, g.external_id)
        and not g.deleted and g.until_at > coalesce(sent_at, '-infinity')) then
      return false;
    end if;
  end if;
  return coalesce(name = any (sent), false);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The groups that directories put somebody into: those of all providers for Custodian itself, which does not know yet whose person is signing in; for the
-- directory of a provider and its administrators, their own.
create function app.scim_groups(by_issuer text, by_subject text) returns text[] language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select coalesce(array_agg(distinct n.name), '{}') from app.scim_user u
    join app.scim_member m on m.user_id = u.id and m.until_at = 'infinity'
    join app.scim_group_said g on g.group_id = m.group_id and g.until_at = 'infinity' and not g.deleted
    cross join lateral (values (g.display_name), (g.external_id)) n (name)
    where u.issuer = by_issuer and u.subject = by_subject and n.name <> ''
      and (app.me() = 1 or app.directs(u.provider_id, app.reach(256)) or app.manages(u.provider_id, null, app.reach(8))));
end $$;
-- +goose StatementEnd
create index scim_user_subject on app.scim_user (issuer, subject);

-- +goose StatementBegin
-- What the last sign-in of one of the provider's people sent, for its directory, which sees nothing else of it.
create function app.last_sent(actor bigint) returns table (sent text[], at timestamptz) language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select i.groups, i.at from app.sign_in i
    where i.actor_id = last_sent.actor and (app.directs(i.provider_id, app.reach(256)) or app.manages(i.provider_id, null, app.reach(8))) order by i.id desc limit 1;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Whoever leaves is out at once: roles and every other grant end, and all sessions and API tokens with them. Whoever comes back is a joiner again.
create function app.scim_left() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare who bigint;
begin
  select a.id into who from app.actor a where a.provider_id = new.provider_id and a.issuer = new.issuer and a.subject = new.subject and a.kind = 'person';
  if who is null or not app.scim_inactive(who) then return null; end if;
  insert into app.role_ending (role_held_id, by_actor, why)
    select h.id, new.said_by, 'Left, as the directory service says' from app.role_held h where h.actor_id = who and h.until_at > now() on conflict do nothing;
  update app.role_held h set until_at = greatest(h.from_at, now()) where h.actor_id = who and h.until_at > now();
  insert into app.grant_ending (grant_id, by_actor, how, why) select g.id, new.said_by, 'left', 'Left, as the directory service says' from app.grants g
    where g.actor_id = who and g.valid_until > greatest(g.valid_from, now()) on conflict do nothing;
  update app.grants g set valid_until = greatest(g.valid_from, now()) where g.actor_id = who and g.valid_until > greatest(g.valid_from, now());
  update app.session s set ended_at = clock_timestamp() where s.actor_id = who and s.ended_at > clock_timestamp();
  update app.token t set revoked_at = clock_timestamp() where t.actor_id = who and t.revoked_at > clock_timestamp();
  return null;
end $$;
-- +goose StatementEnd
create trigger leaves after insert on app.scim_user_said for each row when (new.deleted or not new.active) execute function app.scim_left();

-- An administrator counts who can sign in, has not left, and holds the role for the whole provider, with no end set to it.
-- +goose StatementBegin
create function app.administrators(of_provider bigint, endless boolean) returns setof bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select h.id from app.role_held h join app.actor a on a.id = h.actor_id
    where h.provider_id = of_provider and h.role = 'administrator' and h.home_id is null and h.from_at <= clock_timestamp()
      and h.until_at > clock_timestamp() and (h.until_at = 'infinity' or not endless)
      and a.kind = 'person' and a.subject <> '' and not app.scim_inactive(a.id) and not app.has_left(a.id);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the end of this role would leave its provider without an administrator.
create function app.last_administrator(held bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare provider bigint := (select h.provider_id from app.role_held h where h.id = held);
begin
  return exists (select from app.administrators(provider, true) x where x = held) and not exists (select from app.administrators(provider, true) x where x <> held);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The last administrator of a provider stays, whatever ends the role. Asked at the commit, and by one transaction at a time for each provider, so that no two can end one another's.
create function app.keep_administrator() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if not exists (select from app.actor a where a.id = new.actor_id and a.kind = 'person' and a.subject <> '') then return null; end if;
  perform pg_advisory_xact_lock(hashtextextended('administrators', new.provider_id));
  if current_setting('transaction_isolation') <> 'read committed' then
    -- its snapshot is older than the lock: fail rather than believe it
    perform 1 from app.role_held h where h.provider_id = new.provider_id and h.role = 'administrator' and h.id <> new.id and h.until_at > now() for share;
  end if;
  if not exists (select from app.administrators(new.provider_id, old.until_at = 'infinity')) then
    raise exception 'the last administrator of a provider stays' using errcode = '23514', constraint = 'administrator_stays', table = 'role_held', schema = 'app';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create constraint trigger administrator_stays after update on app.role_held deferrable initially deferred for each row
  when (new.role = 'administrator' and new.until_at is distinct from old.until_at) execute function app.keep_administrator();

-- +goose StatementBegin
do $$
declare t text; f text;
begin
  foreach t in array array['scim_token', 'scim_use', 'scim_user', 'scim_user_said', 'scim_group', 'scim_group_said', 'scim_member', 'scim_stop'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
  end loop;
  foreach t in array array['scim_token:revoked_at', 'scim_user_said:until_at', 'scim_group_said:until_at', 'scim_member:until_at'] loop
    execute format('create trigger keep before update on app.%I for each row execute function app.closes_only(%L)', split_part(t, ':', 1), split_part(t, ':', 2));
    execute format('create trigger keep_rows before delete on app.%I for each row execute function app.append_only()', split_part(t, ':', 1));
    execute format('grant update (%I) on app.%I to custodian_app', split_part(t, ':', 2), split_part(t, ':', 1));
  end loop;
  foreach t in array array['scim_user', 'scim_group', 'scim_stop'] loop
    execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
  end loop;
  foreach t in array array['scim_token', 'scim_user', 'scim_user_said', 'scim_group', 'scim_group_said', 'scim_member', 'scim_stop'] loop
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
  foreach f in array array['directory(bytea)', 'scim_last(bigint, text, text)', 'scim_inactive(bigint)', 'in_group(bigint, text, text, text, text[], timestamptz)', 'scim_groups(text, text)',
      'last_sent(bigint)', 'scim_left()', 'administrators(bigint, boolean)', 'last_administrator(bigint)', 'keep_administrator()'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
  end loop;
  foreach f in array array['scim_last(bigint, text, text)', 'scim_left()', 'administrators(bigint, boolean)', 'keep_administrator()'] loop
    execute 'revoke all on function app.' || f || ' from public';
  end loop;
end $$;
-- +goose StatementEnd
revoke select on app.scim_token from custodian_app;
grant select (id, provider_id, actor_id, label, created_at, created_by, expires_at, revoked_at) on app.scim_token to custodian_app;
grant update (last_at) on app.scim_use to custodian_app;

-- administrators make and end the tokens of their directory's account, which is no person's
create policy sees on app.scim_token for select to custodian_app using (actor_id = (select app.me()) or app.manages(provider_id, null, (select app.reach(8))));
create policy makes on app.scim_token for insert to custodian_app with check (created_by = app.me() and app.manages(provider_id, null, (select app.reach(8)))
  and exists (select from app.actor a where a.id = actor_id and a.provider_id = scim_token.provider_id and a.kind = 'service'));
create policy ends on app.scim_token for update to custodian_app using (app.manages(provider_id, null, (select app.reach(8))));
create policy sees on app.scim_use for select to custodian_app using ((select app.me()) is null or exists (select from app.scim_token t where t.id = token_id));
create policy keeps on app.scim_use for insert to custodian_app with check (app.me() is null);
create policy renews on app.scim_use for update to custodian_app using (app.me() is null);
create policy sees on app.scim_stop for select to custodian_app using (app.directs(provider_id, (select app.reach(256))) or app.manages(provider_id, null, (select app.reach(8))));
create policy says on app.scim_stop for insert to custodian_app with check (by_actor = app.me() and app.manages(provider_id, null, (select app.reach(8))));

-- whoever has left begins nothing, however they came by it
create policy present on app.session as restrictive for insert to custodian_app with check (not app.scim_inactive(actor_id));
create policy present on app.token as restrictive for insert to custodian_app with check (not app.scim_inactive(actor_id));

-- a directory says what it says of its own provider, and administrators read it
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['scim_user', 'scim_user_said', 'scim_group', 'scim_group_said', 'scim_member'] loop
    execute format('create policy sees on app.%I for select to custodian_app using (app.directs(provider_id, (select app.reach(256))) or app.manages(provider_id, null, (select app.reach(8))))', t);
    if t in ('scim_user', 'scim_group') then
      execute format('create policy says on app.%I for insert to custodian_app with check (app.directs(provider_id, (select app.reach(256))))', t);
    else
      execute format('create policy says on app.%I for insert to custodian_app with check (said_by = app.me() and app.directs(provider_id, (select app.reach(256))))', t);
      execute format('create policy ends on app.%I for update to custodian_app using (app.directs(provider_id, (select app.reach(256))))', t);
    end if;
  end loop;
end $$;
-- +goose StatementEnd

-- What follows from its word: somebody becomes known by an identity, and holds the very roles that groups give. Nothing by hand, and no other grant.
create policy directs on app.actor for insert to custodian_app with check (created_by = app.me() and kind = 'person' and subject <> '' and app.directs(provider_id, (select app.reach(256))));
create policy directs on app.group_role for select to custodian_app using (app.directs(provider_id, (select app.reach(256))));
-- it sees which groups are mapped, and not therefore the strangers who came
create policy strangers on app.sign_in as restrictive for select to custodian_app using (provider_id is not null or app.manages((select app.my_provider()), null, (select app.reach(8))));
create policy directs on app.role_held for select to custodian_app using (app.directs(provider_id, (select app.reach(256))));
create policy directs_in on app.role_held for insert to custodian_app with check (given_by = app.me() and app.directs(provider_id, (select app.reach(256)))
  and exists (select from app.actor a where a.id = actor_id and a.provider_id = role_held.provider_id)
  and exists (select from app.group_role g where g.id = group_role_id and g.provider_id = role_held.provider_id
    and g.role = role_held.role and g.home_id is not distinct from role_held.home_id and g.until_at > now()));
create policy directs_out on app.role_held for update to custodian_app using (app.directs(provider_id, (select app.reach(256))) and group_role_id is not null);
create policy directs on app.role_ending for insert to custodian_app with check (by_actor = app.me()
  and exists (select from app.role_held h where h.id = role_held_id and h.group_role_id is not null and app.directs(h.provider_id, (select app.reach(256)))));
create policy directs on app.grants for insert to custodian_app with check (given_by = app.me() and basis = 'role'
  and exists (select from app.role_held h where h.id = role_held_id and h.actor_id = grants.actor_id and h.group_role_id is not null and app.directs(h.provider_id, (select app.reach(256)))
    and ((scope = 0 and scope_id = h.provider_id and h.home_id is null) or (scope = 1 and scope_id = h.home_id))));

set local role custodian_rule; -- whose functions these are
-- +goose StatementBegin
-- As in 00004, and whoever has left is nobody.
create or replace function app.bearer(token_hash bytea) returns table (token_id bigint, actor_id bigint, kind text, provider_id bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select t.id, a.id, a.kind, a.provider_id from app.token t join app.actor a on a.id = t.actor_id
    where t.hash = token_hash and t.expires_at > statement_timestamp() and t.revoked_at > statement_timestamp() and a.kind <> 'system' and not app.has_left(a.id) and not app.scim_inactive(a.id);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As in 00006, and whoever has left is nobody.
create or replace function app.visitor(secret_hash bytea) returns table (session_id bigint, actor_id bigint, kind text, provider_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select s.id, a.id, a.kind, a.provider_id from app.session s join app.actor a on a.id = s.actor_id
    left join app.session_use u on u.session_id = s.id
    where s.hash = secret_hash and s.expires_at > statement_timestamp() and s.ended_at > statement_timestamp() and a.kind = 'person' and not app.has_left(a.id) and not app.scim_inactive(a.id)
      and greatest(s.begun_at, u.last_at) + make_interval(secs => s.idle_seconds) > statement_timestamp();
end $$;
-- +goose StatementEnd
reset role;

-- what a directory gives is bounded by the mapping that it comes from, as in 00013 what a person gives is by what they hold
alter policy bounded on app.role_held with check (
  (delegated_from is null or app.hands_on(delegated_from, role, provider_id, home_id, until_at, actor_id))
  and (record_id is null or app.manages_record(record_id, provider_id, home_id))
  and (app.me() = 1 or delegated_from is not null or record_id is not null or app.manages(provider_id, null, (select app.reach(8)))
    or group_role_id is not null and app.directs(provider_id, (select app.reach(256)))
    or role not in ('manager', 'responsible-individual', 'data-protection-officer') and app.keeps_until(provider_id, home_id) >= until_at));
alter policy bounded on app.grants with check (app.me() = 1
  or basis in ('break-glass', 'portal-link')
  or basis = 'inspector-pass' and app.opens_to_inspector(actor_id, scope, scope_id, mask, rights, through_home, valid_from, valid_until)
  or basis = 'key-worker' and app.holds(scope, scope_id, mask, rights, valid_until)
  or basis = 'role' and exists (select from app.role_held h where h.id = role_held_id and h.record_id is null
    and (h.delegated_from is null and app.manages(h.provider_id, null, (select app.reach(8)))
      or h.group_role_id is not null and app.directs(h.provider_id, (select app.reach(256)))
      or app.holds(scope, scope_id, mask, rights, valid_until)))
  or basis = 'data-subject' and rights = 1 and scope = 2 and exists (select from app.role_held h join app.record r on r.id = h.record_id
    where h.id = role_held_id and h.record_id = scope_id and h.actor_id = grants.actor_id and grants.mask & ~(3 << (r.kind * 3)) = 0
      and r.kind = case h.role when 'young-person' then 0 else 4 end));
