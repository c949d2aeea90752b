-- +goose Up
-- What: how much somebody has added of late, for the limit of a day (upload_day_limit); and what an auditor of one setting sees of records that came to it.

-- Asked whenever content is added: a person's last day among all that they ever added.
create index version_of_author on app.version (author_id, recorded_at) include (size);

-- +goose StatementBegin
-- When the actor added how much since a moment. What has been moved out of their sight meanwhile counts as well.
create function app.added_since(since timestamptz) returns table (at timestamptz, bytes bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select v.recorded_at, v.size from app.version v where v.author_id = app.me() and v.recorded_at > since;
end $$;
-- +goose StatementEnd
alter function app.added_since(timestamptz) owner to custodian_rule;

-- +goose StatementBegin
-- Records that came to a setting from another and that the actor audits there, whether they may read them or not: what was done to them before lies by record alone.
create function app.moved_in(home bigint) returns table (id bigint, home_id bigint) language plpgsql stable security definer set search_path = pg_catalog, app rows 20 as $$
begin
  return query select r.id, r.home_id from app.record r
    where r.home_id = home and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(64)), (select app.shields()))
      and exists (select from app.record_event e where e.record_id = r.id and e.what = 'moved');
end $$;
-- +goose StatementEnd
alter function app.moved_in(bigint) owner to custodian_rule;
