-- Once per connection: the server looks every 5 s whether we are still there,
-- so that a statement does not outlive its client.
select pg_catalog.set_config('client_connection_check_interval', '5s', false);
