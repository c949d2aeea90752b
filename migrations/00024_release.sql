-- +goose Up
-- A young person's own word on an independent visit counts, and nobody's stands in for it once they said no; who is outside reads what is approved; and whoever is
-- kept from a record by a circle advises on nothing there.

-- Why somebody with parental responsibility consents in a young person's place; and that somebody was asked and said no, which opens nothing and is kept.
alter table app.consent add stand_in_why text not null default '', add given boolean not null default true,
  add constraint consent_because_of_a_parent check (stand_in_why = '' or capacity = 'parent' and length(stand_in_why) <= 2000),
  add constraint consent_refused_at_once check (given or from_at = until_at);
-- overruled: a parent's, because the young person said no themselves
alter table app.consent_ending drop constraint consent_ending_known,
  add constraint consent_ending_known check (how in ('withdrawn', 'record-moved', 'record-closed', 'overruled'));

-- +goose StatementBegin
-- Whether a young person was asked about independent visitors under regulation 44 and said no, or took back what they had said: from then on nobody else's word
-- stands in for theirs on this record. Their own later consent counts.
create function app.said_no(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.consent c where c.record_id = record and c.purpose = 'visitor-44' and c.capacity = 'young-person'
    and (not c.given or exists (select from app.consent_ending e where e.consent_id = c.id and e.how = 'withdrawn')));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether a consent of this kind is a parent's on a young person's record, for the visitor of regulation 44.
create function app.stands_in(record bigint, purpose text, capacity text) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return stands_in.purpose = 'visitor-44' and stands_in.capacity = 'parent' and exists (select from app.record r where r.id = record and r.kind = 0);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- A parent's consent in a young person's place says why theirs is not asked, and is not taken after theirs was refused or withdrawn. One record's consents wait
-- for one another, so that a yes and a no at the same moment are seen.
create function app.consent_fits() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('consents', new.record_id));
  if not app.stands_in(new.record_id, new.purpose, new.capacity) then
    if new.stand_in_why <> '' then raise exception 'nobody is stood in for here' using errcode = '23514', constraint = 'consent_stands_in_for_nobody'; end if;
    return new;
  end if;
  if new.given and btrim(new.stand_in_why) = '' then raise exception 'it is not said why the young person does not decide' using errcode = '23514', constraint = 'consent_because_said'; end if;
  if new.given and app.said_no(new.record_id) then raise exception 'the young person has said no' using errcode = '23514', constraint = 'consent_young_person_said_no'; end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger fits before insert on app.consent for each row execute function app.consent_fits();
-- +goose StatementBegin
create function app.consent_ends() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('consents', (select c.record_id from app.consent c where c.id = new.consent_id)));
  return new;
end $$;
-- +goose StatementEnd
create trigger waits before insert on app.consent_ending for each row execute function app.consent_ends();
-- +goose StatementBegin
-- Once a young person has said no, what a parent had said in their place ends; once they refuse, so does what they had said themselves.
create function app.overrule(about bigint, by_whom bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.consent_ending (consent_id, by_actor, how, why) select c.id, by_whom, 'overruled', 'The young person has said no' from app.consent c
    where c.record_id = about and app.stands_in(c.record_id, c.purpose, c.capacity) and c.until_at > greatest(c.from_at, now()) on conflict do nothing;
  update app.consent c set until_at = greatest(c.from_at, now())
    where c.record_id = about and app.stands_in(c.record_id, c.purpose, c.capacity) and c.until_at > greatest(c.from_at, now());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.consent_refused() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if new.capacity <> 'parent' then -- there may be another parent
    insert into app.consent_ending (consent_id, by_actor, how, why) select c.id, new.recorded_by, 'withdrawn', new.evidence from app.consent c
      where c.record_id = new.record_id and c.purpose = new.purpose and c.capacity = new.capacity and c.until_at > greatest(c.from_at, now()) on conflict do nothing;
    update app.consent c set until_at = greatest(c.from_at, now())
      where c.record_id = new.record_id and c.purpose = new.purpose and c.capacity = new.capacity and c.until_at > greatest(c.from_at, now());
  end if;
  if new.capacity = 'young-person' and new.purpose = 'visitor-44' then perform app.overrule(new.record_id, new.recorded_by); end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger refused after insert on app.consent for each row when (not new.given) execute function app.consent_refused();
-- +goose StatementBegin
create function app.consent_withdrawn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform app.overrule(c.record_id, new.by_actor) from app.consent c where c.id = new.consent_id and c.capacity = 'young-person' and c.purpose = 'visitor-44';
  return null;
end $$;
-- +goose StatementEnd
create trigger withdrawn after insert on app.consent_ending for each row when (new.how = 'withdrawn') execute function app.consent_withdrawn();

set local role custodian_rule; -- whose functions the next two are
-- +goose StatementBegin
-- As in 00013, for consents that were given; and a parent's stands in for a young person's with a reason, and never once they said no.
create or replace function app.follow_consents(about bigint) returns void language plpgsql security definer set search_path = pg_catalog, app as $$
declare no boolean := app.said_no(about);
begin
  with ends as (
    select g.id, least(h.until_at, a.until_at, b.until_at) as at from app.grants g join app.role_held h on h.id = g.role_held_id
      join app.consent a on a.id = g.consent_id join app.consent b on b.id = g.consent_also_id
    where g.basis = 'consent' and g.scope_id = about and g.valid_until > greatest(g.valid_from, now(), least(h.until_at, a.until_at, b.until_at))
  ), told as (
    insert into app.grant_ending (grant_id, by_actor, how) select e.id, coalesce(app.me(), 1), 'consent-ended' from ends e on conflict do nothing
  )
  update app.grants g set valid_until = greatest(g.valid_from, now(), e.at) from ends e where g.id = e.id;
  insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, through_home, given_by, why, valid_from, valid_until, consent_id, consent_also_id)
  select h.actor_id, 2, r.id, 3 << (r.kind * 3), 1, 'consent', h.id, r.home_id, coalesce(app.me(), 1), 'Both consents stand on the record',
    greatest(h.from_at, a.from_at, b.from_at, now()), least(h.until_at, a.until_at, b.until_at), a.id, b.id
  from app.record r join app.role_held h on h.home_id = r.home_id and h.role in ('visitor-44', 'visitor-25') and h.until_at > now()
    join app.consent a on a.record_id = r.id and a.purpose = h.role and a.capacity <> 'placing-authority' and a.given
    join app.consent b on b.record_id = r.id and b.purpose = h.role and b.capacity = 'placing-authority' and b.given
  where r.id = about and r.open and r.kind in (0, 2, 4) and greatest(h.from_at, a.from_at, b.from_at, now()) < least(h.until_at, a.until_at, b.until_at)
    and (a.capacity = 'young-person' or r.kind <> 0 or h.role <> 'visitor-44' or a.stand_in_why <> '' and not no)
    and not exists (select from app.grants g where g.role_held_id = h.id and g.scope_id = r.id and g.consent_id = a.id and g.consent_also_id = b.id and g.valid_until > now());
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- As in 00014; whoever is kept from the record, by a shield or by a circle, does not advise.
create or replace function app.advises(actor bigint, record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r join app.actor a on a.id = actor and a.kind = 'person' join app.grants g on g.actor_id = a.id
    where r.id = record and r.actor_id is distinct from a.id and g.rights & 8 = 8 and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp()
      and g.covers @> any (array[r.provider_id * 128 + r.kind * 3 + 2, r.home_id * 128 + 16 + r.kind * 3 + 2, r.id * 128 + 32 + r.kind * 3 + 2])
      and not app.shielded(actor, r.id));
end $$;
-- +goose StatementEnd

reset role;

-- +goose StatementBegin
-- Whether somebody who does not work here reads, now or on a day to come, what lies in a section of a document's record: whom it is about, an inspector, an
-- independent visitor, or by a link. What is approved there, or moved there, is released to them. A library is about nobody, and read by all who come. Only
-- whoever approves or manages the document is told; what needs no approval is not released by one.
create function app.outsiders_read(document bigint, section smallint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.document d cross join lateral (select (d.class / 3 * 3 + coalesce(section, d.class % 3))::smallint as class) c join app.grants g on g.rights & 1 = 1
      and g.covers @> any (array[d.provider_id * 128 + c.class, d.home_id * 128 + 16 + c.class, d.record_id * 128 + 32 + c.class, d.id * 128 + 48 + c.class])
      left join app.role_held h on h.id = g.role_held_id
    where d.id = document and d.class / 3 <> 3 and (section is not null or d.needs_approval) and g.valid_until > greatest(g.valid_from, statement_timestamp())
      and (g.basis in ('data-subject', 'inspector-pass', 'consent', 'portal-link') or g.basis = 'role' and h.role in ('inspector', 'visitor-44', 'visitor-25'))
      and not app.shielded(g.actor_id, d.record_id)
      and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, app.reach(4) + app.reach(8), app.shields()));
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare f text;
begin
  foreach f in array array['said_no(bigint)', 'stands_in(bigint, text, text)', 'consent_fits()', 'consent_ends()', 'overrule(bigint, bigint)', 'consent_refused()', 'consent_withdrawn()'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
    execute 'set local role custodian_rule'; -- whose functions they are: nobody else's revoke counts
    execute 'revoke all on function app.' || f || ' from public';
    execute 'reset role';
  end loop;
end $$;
-- +goose StatementEnd
alter function app.outsiders_read(bigint, smallint) owner to custodian_rule;
set local role custodian_rule; -- whose function it is, and who ends consents
revoke all on function app.outsiders_read(bigint, smallint) from public;
grant execute on function app.outsiders_read(bigint, smallint) to custodian_app;

-- What a parent had said in a young person's place before a reason was asked for counts no longer.
insert into app.consent_ending (consent_id, by_actor, how, why) select c.id, 1, 'overruled', 'It was not said why the young person does not decide' from app.consent c join app.record r on r.id = c.record_id
  where c.purpose = 'visitor-44' and c.capacity = 'parent' and r.kind = 0 and c.until_at > greatest(c.from_at, now()) on conflict do nothing;
update app.consent c set until_at = greatest(c.from_at, now()) from app.record r
  where r.id = c.record_id and c.purpose = 'visitor-44' and c.capacity = 'parent' and r.kind = 0 and c.until_at > greatest(c.from_at, now());
reset role;
