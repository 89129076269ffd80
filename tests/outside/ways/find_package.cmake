find_package(mqrpc 0.1 REQUIRED)
