console.log("app, version 1");
setInterval(() => {}, 1000);
