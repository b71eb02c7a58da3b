-- What a run works on: the files of the template, byte for byte.
create database @database@ owner @role@ template @template@ strategy file_copy; -- noqa: PRS
