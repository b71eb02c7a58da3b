-- health ack: silence one finding for a time.
select @extschema@.acknowledge(
    p_fingerprint => %(fingerprint)s::text,
    p_reason => %(reason)s::text,
    p_until => clock_timestamp() + %(duration)s::interval
);
