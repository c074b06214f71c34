create table if not exists visits (id serial primary key, at timestamptz not null default now());
