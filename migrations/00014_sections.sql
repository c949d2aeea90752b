-- +goose Up
-- Sections: documents move between them, what is restricted from whom a record is about lies there by a dated decision that is looked at again, and what keeps
-- a young person safe stands on a panel that everybody sees who cares for them (docs/design/sections.md).

-- A document goes to another section of its record. document.class is today's shelf, as home_id is; the history is here.
create table app.document_move (
  id bigint primary key default nextval('app.ids'),
  document_id bigint not null references app.document,
  from_class smallint not null,
  to_class smallint not null,
  why text not null,
  by_actor bigint not null references app.actor,
  post_title text not null default '',
  at timestamptz not null default clock_timestamp(),
  constraint document_move_goes check (from_class <> to_class),
  constraint document_move_keeps_kind check (from_class / 3 = to_class / 3),
  constraint document_move_about_somebody check (to_class / 3 <> 3),
  constraint document_move_why_said check (length(why) between 1 and 2000)
);
create index document_move_of on app.document_move (document_id, id);

-- A document is kept from whom the record is about: why, on whose advice, who told it, and when that is looked at again.
create table app.lodging (
  id bigint primary key default nextval('app.ids'),
  document_id bigint not null references app.document,
  record_id bigint not null references app.record,
  ground text not null,
  reason text not null,
  advised_by bigint not null references app.actor,
  originator text not null,
  review_on date not null,
  lodged_by bigint not null references app.actor,
  post_title text not null default '',
  lodged_at timestamptz not null default clock_timestamp(),
  constraint lodging_ground_known check (ground in ('serious-harm', 'in-confidence', 'third-party-objects', 'police-ask')),
  constraint lodging_reason_said check (length(btrim(reason)) between 1 and 2000),
  constraint lodging_originator_said check (length(btrim(originator)) between 1 and 200)
);
create index lodging_document on app.lodging (document_id, id);
create index lodging_record on app.lodging (record_id, id);

-- What was decided about a lodging. kept and shared leave it in place until the next review; moved-out and withdrawn end it.
create table app.lodging_event (
  id bigint primary key default nextval('app.ids'),
  lodging_id bigint not null references app.lodging,
  what text not null,
  why text not null,
  review_on date,
  with_whom text not null default '',
  to_subject boolean not null default false, -- shared with whom the record is about: a release
  despite text not null default '', -- why it is released although whoever told it objects
  by_actor bigint not null references app.actor,
  post_title text not null default '',
  at timestamptz not null default clock_timestamp(),
  constraint lodging_event_known check (what in ('kept', 'shared', 'moved-out', 'withdrawn')),
  constraint lodging_event_why_said check (length(btrim(why)) between 1 and 2000),
  constraint lodging_event_has_review check ((what in ('kept', 'shared')) = (review_on is not null)),
  constraint lodging_event_says_whom check ((what = 'shared') = (with_whom <> '') and length(with_whom) <= 200),
  constraint lodging_event_subject_shared check (what = 'shared' or not to_subject),
  constraint lodging_event_short check (length(despite) <= 2000)
);
create index lodging_event_of on app.lodging_event (lodging_id, id);

-- What whoever told it said about its being released, or the steps that were taken to ask them.
create table app.consultation (
  id bigint primary key default nextval('app.ids'),
  lodging_id bigint not null references app.lodging,
  answer text not null,
  words text not null,
  on_date date not null,
  by_actor bigint not null references app.actor,
  post_title text not null default '',
  at timestamptz not null default clock_timestamp(),
  constraint consultation_answer_known check (answer in ('agrees', 'objects', 'not-reached')),
  constraint consultation_words_said check (length(btrim(words)) between 1 and 2000)
);
create index consultation_of on app.consultation (lodging_id, id);

-- The note on the main file: that something was lodged, when and by whom. It has no place for anything else.
create table app.lodging_note (
  id bigint primary key default nextval('app.ids'),
  record_id bigint not null references app.record,
  lodging_id bigint not null references app.lodging,
  what text not null,
  by_actor bigint not null references app.actor,
  post_title text not null default '',
  at timestamptz not null,
  constraint lodging_note_known check (what in ('lodged', 'ended')),
  unique (lodging_id, what)
);
create index lodging_note_of on app.lodging_note (record_id, id);

-- One thing that keeps somebody safe, as it was said: from which day on, who said it, and when it was recorded. "None known" is a statement too.
create table app.safety_statement (
  id bigint primary key default nextval('app.ids'),
  record_id bigint not null references app.record,
  topic text not null,
  none_known boolean not null default false,
  words text not null default '',
  source text not null,
  from_on date not null,
  by_actor bigint not null references app.actor,
  post_title text not null default '',
  at timestamptz not null default clock_timestamp(),
  constraint safety_topic_known check (topic in ('allergies', 'medication', 'risks', 'parental-responsibility', 'legal-status', 'orders', 'contact-restrictions', 'withheld-address')),
  constraint safety_words_said check (none_known = (btrim(words) = '') and length(words) <= 2000),
  constraint safety_source_said check (length(btrim(source)) between 1 and 200)
);
create index safety_statement_of on app.safety_statement (record_id, topic, from_on desc, id desc);

-- +goose StatementBegin
-- As in 00003; the class of a document is a shelf too. Which class it is follows from document_move (class_told).
create or replace function app.shelf_only() returns trigger language plpgsql as $$
declare moved text[] := array['home_id', 'open', 'latest_at', 'class'];
begin
  if to_jsonb(old) - moved is distinct from to_jsonb(new) - moved then
    raise exception '% is kept for ever: only its shelf may change', tg_table_name using errcode = '42501';
  end if;
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- The section of a document is what the last move says, whoever writes it.
create function app.class_told() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  if (select (m.from_class, m.to_class) from app.document_move m where m.document_id = new.id order by m.id desc limit 1) is distinct from (old.class, new.class) then
    raise exception 'a document changes its section by a move that says why' using errcode = '42501';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function app.london_today() returns date language sql volatile set search_path = pg_catalog return (clock_timestamp() at time zone 'Europe/London')::date;
-- +goose StatementEnd
-- +goose StatementBegin
-- The next review lies ahead, and no further than a year.
create function app.review_fits(on_date date) returns boolean language sql volatile set search_path = pg_catalog, app
return on_date > app.london_today() and on_date <= (app.london_today() + interval '1 year')::date;
-- +goose StatementEnd
-- +goose StatementBegin
-- The lodging by which a document is restricted now; null for none.
create function app.live_lodging(document bigint) returns bigint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select l.id from app.lodging l where l.document_id = document
    and not exists (select from app.lodging_event e where e.lodging_id = l.id and e.what in ('moved-out', 'withdrawn')) order by l.id desc limit 1);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether a person manages the restricted section of a record now, and so may advise on what lies there.
create function app.advises(actor bigint, record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.record r join app.actor a on a.id = actor and a.kind = 'person' join app.grants g on g.actor_id = a.id
    where r.id = record and r.actor_id is distinct from a.id and g.rights & 8 = 8 and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp()
      and g.covers @> any (array[r.provider_id * 128 + r.kind * 3 + 2, r.home_id * 128 + 16 + r.kind * 3 + 2, r.id * 128 + 32 + r.kind * 3 + 2])
      and not exists (select from app.shield s where s.actor_id = actor and s.record_id = r.id and s.valid_from <= statement_timestamp() and s.valid_until > statement_timestamp()));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Who may be named as having advised, for whoever may lodge there.
create function app.advisers(record bigint) returns table (actor_id bigint, name text, post_title text) language plpgsql stable security definer set search_path = pg_catalog, app rows 5 as $$
begin
  return query select a.id, a.name, a.post_title from app.record r join app.actor a on a.provider_id = r.provider_id and a.kind = 'person'
    where r.id = record and r.actor_id is distinct from app.me() and r.id <> all (app.shields()) and app.reach(2) @> any (array[r.provider_id * 128 + r.kind * 3 + 2, r.home_id * 128 + 16 + r.kind * 3 + 2, r.id * 128 + 32 + r.kind * 3 + 2])
      and a.id in (select g.actor_id from app.grants g where g.rights & 8 = 8 and g.valid_until > statement_timestamp())
      and app.advises(a.id, r.id)
    order by a.name, a.id;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether whom a record is about can read in it now: then moving a document out of the restricted section gives it to them.
create function app.subject_reads(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return exists (select from app.grants g where g.basis = 'data-subject' and g.scope = 2 and g.scope_id = record and g.rights & 1 = 1
    and g.valid_from <= statement_timestamp() and g.valid_until > statement_timestamp());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- What is lacking before a document that is or was restricted may be given to whom its record is about: whoever told it was not asked (originator), or objects
-- and nobody has said why it is given all the same (objection). It does not depend on who asks: nobody is told "nothing" because they may not see the lodging.
create function app.release_lacks(document bigint) returns text[] language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select coalesce(array_agg(distinct x.lacks) filter (where x.lacks is not null), '{}') from (
    select case when c.answer is null then 'originator'
      when c.answer = 'objects' and not exists (select from app.lodging_event e where e.lodging_id = l.id and e.id > c.id and btrim(e.despite) <> '') then 'objection' end as lacks
    from app.lodging l left join lateral (select k.id, k.answer from app.consultation k where k.lodging_id = l.id order by k.id desc limit 1) c on true
    where l.document_id = document) x);
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- As reach, without the grants of some bases: what is meant for those who work with a record is not for whom it is about, nor for a link.
create function app.reach_besides(need int, bases text[]) returns int8multirange language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return (select coalesce(range_agg(g.covers), '{}') from app.grants g
    where g.actor_id = app.me() and g.valid_until > statement_timestamp() and g.valid_from <= statement_timestamp() and g.rights & need = need and g.basis <> all (bases));
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Whether a record is the file of whoever asks: what is restricted in it is kept from them, whatever they manage.
create function app.about_me(record bigint) returns boolean language plpgsql stable security definer set search_path = pg_catalog, app parallel safe as $$
begin
  return exists (select from app.record r where r.id = record and r.actor_id = app.me());
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function app.class_now(document bigint) returns smallint language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return (select d.class from app.document d where d.id = document);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function app.move_from() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('document', new.document_id));
  select d.class into new.from_class from app.document d where d.id = new.document_id;
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger move_from before insert on app.document_move for each row execute function app.move_from();
-- +goose StatementBegin
create function app.move_to() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  update app.document set class = new.to_class where id = new.document_id;
  return null;
end $$;
-- +goose StatementEnd
create trigger move_to after insert on app.document_move for each row execute function app.move_to();
create trigger keep_class before update on app.document for each row when (old.class is distinct from new.class) execute function app.class_told();

-- +goose StatementBegin
-- A lodging is refused without a manager's advice or with a review that does not lie ahead. Since the adviser manages there, nobody who does not advises themself.
create function app.lodge() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare kind smallint;
begin
  perform pg_advisory_xact_lock(hashtextextended('document', new.document_id));
  select d.record_id, d.class / 3 into new.record_id, kind from app.document d where d.id = new.document_id;
  if kind = 3 then raise exception 'nobody is the subject of a library' using errcode = '23514', constraint = 'lodging_about_somebody'; end if;
  if app.live_lodging(new.document_id) is not null then raise exception 'lodged already' using errcode = '23505', constraint = 'lodging_once'; end if;
  if not app.advises(new.advised_by, new.record_id) then raise exception 'the adviser does not manage there' using errcode = '23514', constraint = 'lodging_adviser_manages'; end if;
  if not app.review_fits(new.review_on) then raise exception 'the review does not lie within a year ahead' using errcode = '23514', constraint = 'lodging_review_ahead'; end if;
  new.lodged_at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger lodge before insert on app.lodging for each row execute function app.lodge();
-- +goose StatementBegin
create function app.note_lodging() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.lodging_note (record_id, lodging_id, what, by_actor, post_title, at) values (new.record_id, new.id, 'lodged', new.lodged_by, new.post_title, new.lodged_at);
  return null;
end $$;
-- +goose StatementEnd
create trigger note_lodging after insert on app.lodging for each row execute function app.note_lodging();

-- +goose StatementBegin
-- What is decided about a lodging: the next review lies ahead, and nothing is released before whoever told it was asked and their objection answered.
create function app.judge_lodging() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare l app.lodging; lacks text[];
begin
  select * into l from app.lodging where id = new.lodging_id;
  perform pg_advisory_xact_lock(hashtextextended('document', l.document_id));
  if app.live_lodging(l.document_id) is distinct from l.id then raise exception 'not lodged any more' using errcode = '23514', constraint = 'lodging_event_live'; end if;
  if new.review_on is not null and not app.review_fits(new.review_on) then raise exception 'the review does not lie within a year ahead' using errcode = '23514', constraint = 'lodging_review_ahead'; end if;
  if new.to_subject or new.what in ('moved-out', 'withdrawn') and app.subject_reads(l.record_id) then
    lacks := app.release_lacks(l.document_id);
    if 'originator' = any (lacks) then raise exception 'whoever told it was not asked' using errcode = '23514', constraint = 'lodging_event_consulted'; end if;
    if 'objection' = any (lacks) and btrim(new.despite) = '' then raise exception 'their objection is not answered' using errcode = '23514', constraint = 'lodging_event_despite'; end if;
  end if;
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger judge_lodging before insert on app.lodging_event for each row execute function app.judge_lodging();
-- +goose StatementBegin
create function app.note_end() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  insert into app.lodging_note (record_id, lodging_id, what, by_actor, post_title, at)
  select l.record_id, l.id, 'ended', new.by_actor, new.post_title, new.at from app.lodging l where l.id = new.lodging_id;
  return null;
end $$;
-- +goose StatementEnd
create trigger note_end after insert on app.lodging_event for each row when (new.what in ('moved-out', 'withdrawn')) execute function app.note_end();
-- +goose StatementBegin
create function app.date_consultation() returns trigger language plpgsql set search_path = pg_catalog, app as $$
begin
  if new.on_date > app.london_today() then raise exception 'they cannot have been asked on a day ahead' using errcode = '23514', constraint = 'consultation_day_past'; end if;
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger date_consultation before insert on app.consultation for each row execute function app.date_consultation();
-- +goose StatementBegin
-- 0 young person, 2 family, 4 parent: who is cared for. What a family's record has no place for is said on its members' records.
create function app.date_safety() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare kind smallint;
begin
  select r.kind into kind from app.record r where r.id = new.record_id;
  if kind not in (0, 2, 4) or kind = 2 and new.topic in ('allergies', 'medication') or kind = 4 and new.topic = 'parental-responsibility' then
    raise exception 'this record has no such panel' using errcode = '23514', constraint = 'safety_topic_fits'; end if;
  if new.from_on > app.london_today() then raise exception 'said from a day ahead' using errcode = '23514', constraint = 'safety_day_past'; end if;
  new.at := clock_timestamp();
  return new;
end $$;
-- +goose StatementEnd
create trigger date_safety before insert on app.safety_statement for each row execute function app.date_safety();

-- +goose StatementBegin
-- At commit a document is restricted exactly while a lodging says so: neither without the other.
create function app.lodged() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
declare about bigint;
begin
  if tg_table_name = 'document' then about := new.id;
  elsif tg_table_name = 'lodging' then about := new.document_id;
  else about := (select l.document_id from app.lodging l where l.id = new.lodging_id);
  end if;
  if (select d.class % 3 = 2 from app.document d where d.id = about) is distinct from (app.live_lodging(about) is not null) then
    raise exception 'a document is restricted by its lodging, and only by it' using errcode = '23514', constraint = 'document_lodged';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create constraint trigger lodged after insert on app.document deferrable initially deferred for each row when (new.class % 3 = 2) execute function app.lodged();
create constraint trigger lodged_moved after update on app.document deferrable initially deferred for each row when (old.class is distinct from new.class) execute function app.lodged();
create constraint trigger lodged after insert on app.lodging deferrable initially deferred for each row execute function app.lodged();
create constraint trigger lodged after insert on app.lodging_event deferrable initially deferred for each row when (new.what in ('moved-out', 'withdrawn')) execute function app.lodged();

-- +goose StatementBegin
-- Footprints of what is done in the restricted section lie there, also those about the record as a whole and about a document that leaves it. So do those of
-- files that wait to be added (to which section they will belong is not said yet), and of what is said in the panel and kept from whom it is about.
create function app.place_restricted() returns trigger language plpgsql set search_path = pg_catalog, app as $$
begin
  if new.class is not null and new.class / 3 <> 3 then new.class := new.class / 3 * 3 + 2; end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger place_restricted before insert on app.footprint for each row when (new.action like 'lodging.%' or new.action like 'upload.%' or new.detail ->> 'section' = 'restricted') execute function app.place_restricted();

-- +goose StatementBegin
do $$
declare f text; t text;
begin
  foreach f in array array['class_told()', 'live_lodging(bigint)', 'advises(bigint,bigint)', 'advisers(bigint)', 'subject_reads(bigint)', 'release_lacks(bigint)', 'reach_besides(int,text[])', 'class_now(bigint)', 'about_me(bigint)',
      'move_from()', 'move_to()', 'lodge()', 'note_lodging()', 'judge_lodging()', 'note_end()', 'date_consultation()', 'date_safety()', 'lodged()', 'place_restricted()'] loop
    execute 'alter function app.' || f || ' owner to custodian_rule';
  end loop;
  foreach f in array array['class_told()', 'live_lodging(bigint)', 'advises(bigint,bigint)', 'move_from()', 'move_to()', 'lodge()', 'note_lodging()', 'judge_lodging()', 'note_end()',
      'date_consultation()', 'date_safety()', 'lodged()', 'place_restricted()'] loop
    execute 'revoke all on function app.' || f || ' from public';
  end loop;
  foreach t in array array['document_move', 'lodging', 'lodging_event', 'consultation', 'lodging_note', 'safety_statement'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy rule_reads on app.%I for select to custodian_rule using (true)', t);
    execute format('grant select on app.%I to custodian_rule', t);
    execute format('grant select, insert on app.%I to custodian_app', t);
    execute format('create trigger keep before update or delete on app.%I for each row execute function app.append_only()', t);
    execute format('create trigger keep_all before truncate on app.%I for each statement execute function app.append_only()', t);
  end loop;
end $$;
-- +goose StatementEnd
revoke insert on app.lodging_note from custodian_app;
grant insert on app.lodging_note to custodian_rule;
create policy rule_notes on app.lodging_note for insert to custodian_rule with check (true);
grant update (class) on app.document to custodian_rule;

-- who manages both sections moves a document; a move into or out of the restricted one is told there alone
create policy sees on app.document_move for select to custodian_app using (exists (select from app.document d where d.id = document_id
  and (from_class % 3 <> 2 and to_class % 3 <> 2 or app.sees(d.provider_id, d.home_id, d.record_id, d.id, (d.class / 3 * 3 + 2)::smallint, (select app.reach(1)), (select app.shields())))));
create policy moves on app.document_move for insert to custodian_app with check (by_actor = app.me() and exists (select from app.document d where d.id = document_id
  and app.sees(d.provider_id, d.home_id, d.record_id, d.id, from_class, (select app.reach(8)), (select app.shields()))
  and app.sees(d.provider_id, d.home_id, d.record_id, d.id, to_class, (select app.reach(8)), (select app.shields()))));

create policy not_of_oneself on app.document as restrictive for select to custodian_app using (class % 3 <> 2 or not app.about_me(record_id));
create policy not_of_oneself on app.lodging as restrictive for all to custodian_app using (not app.about_me(record_id)) with check (not app.about_me(record_id));
create policy not_of_oneself on app.lodging_note as restrictive for select to custodian_app using (not app.about_me(record_id));
create policy sees on app.lodging for select to custodian_app using (exists (select from app.record r where r.id = record_id
  and app.sees(r.provider_id, r.home_id, r.id, document_id, (r.kind * 3 + 2)::smallint, (select app.reach(1)), (select app.shields()))));
create policy lodges on app.lodging for insert to custodian_app with check (lodged_by = app.me() and exists (select from app.record r where r.id = record_id
  and app.sees(r.provider_id, r.home_id, r.id, document_id, (r.kind * 3 + 2)::smallint, (select app.reach(2)), (select app.shields()))));
create policy sees on app.lodging_event for select to custodian_app using (exists (select from app.lodging l where l.id = lodging_id));
create policy decides on app.lodging_event for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.lodging l join app.record r on r.id = l.record_id where l.id = lodging_id
    and app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(8)), (select app.shields()))));
create policy sees on app.consultation for select to custodian_app using (exists (select from app.lodging l where l.id = lodging_id));
create policy asks on app.consultation for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.lodging l join app.record r on r.id = l.record_id where l.id = lodging_id
    and app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(8)), (select app.shields()))));

-- the note is for those who work with the main file: to whom the record is about even its being there would tell something
create policy sees on app.lodging_note for select to custodian_app using (exists (select from app.record r where r.id = record_id
  and app.sees(r.provider_id, r.home_id, r.id, 0, (r.kind * 3)::smallint, (select app.reach_besides(1, '{data-subject,portal-link}')), (select app.shields()))));

-- everybody who reads the general section sees the panel; a link does not, and whom it is about does not see what must be kept from them
create policy sees on app.safety_statement for select to custodian_app using (exists (select from app.record r where r.id = record_id
  and app.sees(r.provider_id, r.home_id, r.id, 0, (r.kind * 3)::smallint, case when topic in ('contact-restrictions', 'withheld-address')
    then (select app.reach_besides(1, '{data-subject,portal-link}')) else (select app.reach_besides(1, '{portal-link}')) end, (select app.shields()))));
create policy says on app.safety_statement for insert to custodian_app with check (by_actor = app.me() and exists (select from app.record r where r.id = record_id and r.open
  and app.sees(r.provider_id, r.home_id, r.id, 0, (r.kind * 3)::smallint, (select app.reach_besides(2, '{data-subject,portal-link}')), (select app.shields()))));

-- Footprints carry the class that their document had then; while it lies in another section they are seen by whoever may see them there as well.
create policy sections on app.footprint as restrictive for select to custodian_app using (actor_id = (select app.me())
  or (document_id is null or app.sees(provider_id, app.lies_in(record_id), record_id, document_id, app.class_now(document_id), (select app.reach(64)), (select app.shields())))
    and (class is null or class % 3 <> 2 and coalesce(app.class_now(document_id), 0) % 3 <> 2 or not app.about_me(record_id)));

-- +goose StatementBegin
-- The register for whoever audits what is restricted and may not read it: when, on what ground, by whom, and when it is looked at again. Neither whose it is, nor
-- what it is called, nor why.
create function app.restricted_register(after_due date, after_id bigint, how_many int)
returns table (id bigint, document_id bigint, record_id bigint, kind smallint, home text, ground text, lodged_by text, post_title text, lodged_at timestamptz, due date)
language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select l.id, l.document_id, l.record_id, r.kind, coalesce(h.name, ''), l.ground, a.name, l.post_title, l.lodged_at, next.on_date
    from app.lodging l join app.record r on r.id = l.record_id join app.actor a on a.id = l.lodged_by left join app.home h on h.id = r.home_id
    cross join lateral (select coalesce((select x.review_on from app.lodging_event x where x.lodging_id = l.id and x.review_on is not null order by x.id desc limit 1), l.review_on) as on_date) next
    where l.record_id = any (array(
        select distinct p.id from app.scopes(64) s cross join lateral (
          select q.id from app.record q where s.scope = 0 and q.provider_id = s.scope_id
          union all select q.id from app.record q where s.scope = 1 and q.home_id = s.scope_id
          union all select q.id from app.record q where s.scope = 2 and q.id = s.scope_id) p))
      and app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, app.reach(64), app.shields()) and not app.about_me(r.id)
      and not exists (select from app.lodging_event x where x.lodging_id = l.id and x.what in ('moved-out', 'withdrawn'))
      and (next.on_date, l.id) > (after_due, after_id)
    order by next.on_date, l.id limit least(how_many, 1000);
end $$;
-- +goose StatementEnd
alter function app.restricted_register(date, bigint, int) owner to custodian_rule;
