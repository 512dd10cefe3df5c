-- wrk: a task to create
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"description":"clone virtual machine database_01","status":"pending",' ..
	'"type":"create_instance","object_uuid":"92d30f0c-8c9c-11e5-8994-feff819cdc9f",' ..
	'"log":"the first line of a log that is as long as most of them are"}'
