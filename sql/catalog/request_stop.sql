-- Asks the pass of a backend to stop at its batch boundary.
select @extschema@._request_stop(p_pid => %(pid)s::integer);
