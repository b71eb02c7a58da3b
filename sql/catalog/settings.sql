-- doctor --bundle: our own settings.
select
    s.name,
    s.default_value,
    v.value
from @extschema@._setting as s
left join @extschema@._setting_value as v on s.name = v.name
order by s.name;
