-- The module `concurrent.interpreters` under a shorter name.
return require "concurrent.interpreters"
