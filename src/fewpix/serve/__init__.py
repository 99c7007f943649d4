"""fewpix over HTTP: `fewpix.serve.app.create_app` makes the service; needs the extra `serve`."""
