// Somebody who buys something every few seconds, so that there is something to see.
const url = process.env.API_URL;
for (;;) {
  try {
    const reply = await fetch(`${url}/orders`, { method: "POST" });
    const { order } = await reply.json();
    console.log(`ordered number ${order}`);
  } catch (error) {
    console.error(`no answer from ${url}: ${error.cause?.code ?? error.message}`);
  }
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.PAUSE_MS)));
}
