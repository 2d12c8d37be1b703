-- An uncaught error object without __tostring is reported by its kind.
print("before")
error({ code = 1 })
