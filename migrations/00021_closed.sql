-- +goose Up
-- What is closed to somebody stays closed: their own list of refusals does not tell what is there, a circle is not lifted by whom it keeps out, and those who set
-- up, audit, inspect or read their own file do no more than their role needs.

-- +goose StatementBegin
-- Whether the asker sees what a footprint names, by the most precise of its names. With the asker's own rights: the policies of those tables are asked, and
-- nothing is said twice.
create function app.still_shown(record bigint, document bigint, version bigint) returns boolean language plpgsql stable parallel safe set search_path = pg_catalog, app as $$
begin
  return case when version is not null then exists (select from app.version v where v.id = version)
    when document is not null then exists (select from app.document d where d.id = document)
    else exists (select from app.record r where r.id = record) end;
end $$;
-- +goose StatementEnd
-- What somebody sought and may not see leaves no trace in their own lists, whether it is there or not: kept from them, restricted, shielded, in another
-- organisation, or no such thing. Whoever audits others sees their refusals as before.
create policy own_refusals on app.footprint as restrictive for select to custodian_app using (outcome = 'done' or actor_id <> (select app.me())
  or case when coalesce(version_id, document_id, record_id) is null then sought = '' or starts_with(sought, 'home ') else app.still_shown(record_id, document_id, version_id) end);
-- A question tells whoever is asked that there is something: it is asked of what was done.
create policy of_what_was_done on app.look_question as restrictive for insert to custodian_app with check (exists (
  select from app.footprint f where f.id = footprint_id and f.outcome = 'done'));

-- Who answers for a record manages it and reads it. Who manages only that files are there (the administrator: set-up and people) answers for none.
set local role custodian_rule; -- whose functions they are
-- +goose StatementBegin
create or replace function app.answers_for(record bigint, shields bigint[]) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.answers_wide(record, shields)
    or exists (select from app.record r where r.id = record and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, app.reach(9), shields));
end $$;
-- +goose StatementEnd
reset role;
alter policy sees on app.outside_access using (actor_id = (select app.me()) and record_id <> all ((select app.shields())::bigint[])
  or app.sees_record(provider_id, app.lies_in(record_id), record_id, kind, (select app.reach(9)), (select app.shields()))
  or app.sees_record(provider_id, app.lies_in(record_id), record_id, kind, (select app.reach(64)), (select app.shields()))
  or app.answers_wide(record_id, (select app.shields())));

set local role custodian_rule; -- whose function it is
-- +goose StatementBegin
-- As in 00015; a circle at another provider is nothing to anybody here.
create or replace function app.shields() returns bigint[] language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return (select coalesce(array_agg(x.record_id), '{}') from (
    select s.record_id from app.shield s
      where s.actor_id = app.me() and s.valid_until > statement_timestamp() and s.valid_from <= statement_timestamp()
    union all
    select c.record_id from app.circle c join app.record r on r.id = c.record_id and r.provider_id = app.my_provider()
      where c.valid_until > statement_timestamp() and c.valid_from <= statement_timestamp() and app.me() <> 1 and not exists (
        select from app.circle_member m where m.circle_id = c.id and m.actor_id = app.me()
          and m.valid_until > statement_timestamp() and m.valid_from <= statement_timestamp())) x);
end $$;
-- +goose StatementEnd
reset role;

-- +goose StatementBegin
-- Whether the actor may change who is in a circle, and end it: whoever is in it and answers for the record. Whom it keeps out may not; only where nobody who is
-- in it answers for the record any more may those who answer for it across the provider, so that no record is lost to everybody.
create function app.may_lift(circle bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
declare about bigint := (select c.record_id from app.circle c where c.id = may_lift.circle); ours bigint[] := app.own_shields();
begin
  if about is null or not app.answers_for(about, ours) then return false; end if;
  return exists (select from app.circle_member m where m.circle_id = may_lift.circle and m.actor_id = app.me() and m.valid_from <= statement_timestamp() and m.valid_until > statement_timestamp())
    or app.answers_wide(about, ours) and not exists (
      select from app.circle_member m join app.actor a on a.id = m.actor_id and a.kind = 'person' join app.record r on r.id = about join app.grants g on g.actor_id = m.actor_id
      where m.circle_id = may_lift.circle and m.valid_from <= statement_timestamp() and m.valid_until > statement_timestamp()
        and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp() and g.mask & (7 << (r.kind * 3)) <> 0
        and (g.scope = 0 and g.scope_id = r.provider_id and g.rights & 36 <> 0
          or g.rights & 9 = 9 and (g.scope = 0 and g.scope_id = r.provider_id or g.scope = 1 and g.scope_id = r.home_id or g.scope = 2 and g.scope_id = r.id))
        and not exists (select from app.shield s where s.actor_id = m.actor_id and s.record_id = r.id and s.valid_from <= statement_timestamp() and s.valid_until > statement_timestamp()));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether the actor may change the shields of a record: whoever answers for it, and while a circle is drawn around it may change that. Else somebody who is kept
-- out would keep those who are in from it by name, and come in as the last who answers.
create function app.may_shield(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return app.answers_for(record, app.own_shields()) and not exists (
    select from app.circle c where c.record_id = may_shield.record and c.valid_from <= statement_timestamp() and c.valid_until > statement_timestamp() and not app.may_lift(c.id));
end $$;
-- +goose StatementEnd
alter function app.may_lift(bigint) owner to custodian_rule;
alter function app.may_shield(bigint) owner to custodian_rule;
create policy not_from_without on app.shield as restrictive for insert to custodian_app with check (app.me() = 1 or app.may_shield(record_id));
create policy not_from_without on app.circle_member as restrictive for insert to custodian_app with check (app.may_lift(circle_id));
create policy not_from_without on app.shield_ending as restrictive for insert to custodian_app with check (case
  when circle_id is not null then app.may_lift(circle_id)
  when member_id is not null then exists (select from app.circle_member m where m.id = member_id and app.may_lift(m.circle_id))
  else exists (select from app.shield s where s.id = shield_id and app.may_shield(s.record_id)) end);

-- What came of looking into something out of the ordinary is for those to say who answer for the record: its manager, and whoever does so across the provider.
-- Who audits or inspects sees the list.
create policy by_management on app.looked_into as restrictive for insert to custodian_app with check (exists (
  select from app.footprint f where f.id = footprint_id and app.answers_for(f.record_id, (select app.shields()))));

-- Tokens, and declaring relatives and friends, are for those who work or visit here: not for whoever reads their own file, nor for somebody whose last role ended.
-- Custodian itself makes those of service accounts.
create policy of_staff on app.token as restrictive for insert to custodian_app with check (app.me() = 1 or app.works_here(app.me()));
create policy of_staff on app.relative as restrictive for insert to custodian_app with check (app.works_here(app.me()));
