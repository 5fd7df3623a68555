// The walk of a fine-tuning job by OpenAI's own SDK for Node. In the environment: BASE_URL, API_KEY, MODEL (a base), and
// DATA and PAIRS (JSONL files, chat and preferences).
// Prints one JSON object with what each call answered; what must hold of it stands in test_node.py.
import fs from 'node:fs';
import OpenAI from 'openai';

const { BASE_URL: baseURL, API_KEY: apiKey, MODEL: model, DATA, PAIRS } = process.env;
const wire = []; // each answer as it came, for whoever judges it
const recorded = async (url, init) => {
  const response = await fetch(url, init);
  const answer = { method: init.method, url: String(url), status: response.status };
  wire.push(response.clone().text().then(
    (body) => ({ ...answer, content: response.headers.get('content-type'), body })));
  return response;
};
const client = new OpenAI({ apiKey, baseURL, maxRetries: 0, fetch: recorded });
const jobs = client.fineTuning.jobs;
const answers = {};
const keep = async (name, call) => (answers[name] = await call);
const all = async (pages) => { const items = []; for await (const item of pages) items.push(item); return items; };
const refused = (call) => call.then(() => null, (error) => ({
  name: error.constructor.name, status: error.status, code: error.code, param: error.param, message: error.message,
}));
const deadline = Date.now() + 100_000;
const until = async (happened, id) => {
  let found = await jobs.retrieve(id);
  while (!happened(found) && Date.now() < deadline) {
    await new Promise((wake) => setTimeout(wake, 100));
    found = await jobs.retrieve(id);
  }
  return found;
};
const reaches = (status, id) => until((job) => job.status === status, id);
const ends = (id) => until((job) => job.finished_at, id);
const warm = async (name) => { // a tuned model warms up after its job's end
  let missing;
  do { missing = await refused(client.models.retrieve(name)); } while (missing?.status === 404 && Date.now() < deadline);
};

await warm(model); // a real one is listed once its worker has shown itself

// a stream has no length: fetch sends it in chunks
const file = await keep('file', client.files.create({ file: fs.createReadStream(DATA), purpose: 'fine-tune' }));
await keep('files', all(client.files.list({ purpose: 'fine-tune', limit: 1 })));
await keep('fileAgain', client.files.retrieve(file.id));
await keep('content', client.files.content(file.id).then((response) => response.text()));
const unused = await client.files.create({
  file: await OpenAI.toFile(Buffer.from(fs.readFileSync(DATA)), 'unused.jsonl'), purpose: 'fine-tune',
});
await keep('deletedFile', client.files.delete(unused.id));
await keep('noFile', refused(client.files.retrieve(unused.id)));

const order = (suffix) => jobs.create({
  model, training_file: file.id, suffix, seed: 7, metadata: { desk: suffix },
  method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2, batch_size: 2 } } },
});
const other = await order('other');
await jobs.pause(other.id);
await keep('paused', reaches('paused', other.id));
await keep('resumed', jobs.resume(other.id));
await jobs.cancel(other.id);
await keep('cancelled', ends(other.id));
const job = await keep('job', order('node'));
await keep('jobs', all(jobs.list({ limit: 1 })));
await keep('jobsByTag', all(jobs.list({ metadata: { desk: 'node' } })));

const ended = await keep('ended', ends(job.id));
await keep('events', all(jobs.listEvents(job.id, { limit: 5 })));
const [checkpoint] = await keep('checkpoints', all(jobs.checkpoints.list(job.id, { limit: 1 })));
await keep('results', client.files.content(ended.result_files[0]).then((response) => response.text()));

await warm(ended.fine_tuned_model);
const pairs = await client.files.create({ file: fs.createReadStream(PAIRS), purpose: 'fine-tune' });
const preferred = await keep('preferred', jobs.create({
  model: ended.fine_tuned_model, training_file: pairs.id, suffix: 'dpo',
  method: { type: 'dpo', dpo: { hyperparameters: { n_epochs: 1, batch_size: 4, beta: 0.2 } } },
}));

const question = (name) => ({
  model: name, messages: [{ role: 'user', content: '첫눈이 왔나요?' }], temperature: 0, max_tokens: 20,
});
await keep('models', all(client.models.list()));
await keep('model', client.models.retrieve(ended.fine_tuned_model));
await keep('chat', client.chat.completions.create(question(ended.fine_tuned_model)));
await keep('chatCheckpoint', client.chat.completions.create(question(checkpoint.fine_tuned_model_checkpoint)));
const stream = await client.chat.completions.create({ ...question(ended.fine_tuned_model), stream: true });
answers.streamed = (await all(stream)).map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('');
const preferredEnd = await keep('preferredEnd', ends(preferred.id));
await warm(preferredEnd.fine_tuned_model);
await keep('chatPreferred', client.chat.completions.create(question(preferredEnd.fine_tuned_model)));
await keep('deletedModel', client.models.delete(ended.fine_tuned_model));
await keep('noModel', refused(client.chat.completions.create(question(ended.fine_tuned_model))));
await keep('noKey', refused(new OpenAI({ apiKey: 'sk-x', baseURL, maxRetries: 0, fetch: recorded }).models.list()));
await keep('badOrder', refused(jobs.create({ model, training_file: 'file-none' })));

answers.wire = await Promise.all(wire);
console.log(JSON.stringify(answers));
