// The official client of OpenAI for Node, with nothing changed but its base URL. Each case prints a line of JSON: its name, and
// what was wrong, if anything. Which clouds fail, and how, is said to the emulated clouds while it runs.
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import assert from 'node:assert/strict';
import { File } from 'node:buffer';

globalThis.File ??= File; // Node 18 has it here only

const { BASE, KEY, CLOUDS } = process.env;
const clouds = JSON.parse(CLOUDS);

let calls = 0; // requests that the client sent
let after = async () => {}; // what happens after one was answered
const counted = async (url, init) => {
  calls++;
  const answer = await fetch(url, init);
  await after();
  return answer;
};

const forms = {
  OpenAI: new OpenAI({ baseURL: `${BASE}/v1`, apiKey: KEY, fetch: counted }),
  'Azure v1': new OpenAI({ baseURL: `${BASE}/openai/v1`, apiKey: KEY, fetch: counted }),
  'Azure dated': new AzureOpenAI({ endpoint: BASE, apiKey: KEY, apiVersion: '2025-04-01-preview', fetch: counted }),
};

async function faults(text, only = Object.keys(clouds)) {
  for (const cloud of only) {
    const body = `faults:\n  - ${text}\n`;
    const answer = await fetch(`http://${clouds[cloud]}/emulator/faults`, text ? { method: 'PUT', body } : { method: 'DELETE' });
    assert.equal(answer.status, 204);
  }
}

async function check(name, f) {
  calls = 0;
  after = async () => {};
  let problem = '';
  try {
    await f();
  } catch (e) {
    problem = `${e?.stack ?? e}`;
  }
  console.log(JSON.stringify({ name, problem }));
}

const words = (text) => text.trim().split(/\s+/).length;
const messages = [{ role: 'user', content: 'hello there [reply 7 tokens]' }];
const sound = () => toFile(Buffer.alloc(40_000), 'a.mp3', { type: 'audio/mpeg' });

const surfaces = {
  async chat(client) {
    const { data, response } = await client.chat.completions.create({ model: 'gpt-5.4', messages }).withResponse();
    assert.equal(words(data.choices[0].message.content), 7);
    assert.equal(data.usage.completion_tokens, 7);
    assert.equal(data._request_id, response.headers.get('x-concord-request-id'));
  },
  async 'chat streamed'(client) {
    let text = '';
    for await (const chunk of await client.chat.completions.create({ model: 'gpt-5.4', messages, stream: true })) {
      assert.equal(chunk.usage ?? null, null);
      text += chunk.choices[0]?.delta?.content ?? '';
    }
    assert.equal(words(text), 7);
  },
  async 'chat streamed, with the helper'(client) {
    const whole = await client.chat.completions.stream({ model: 'gpt-5.4', messages, stream_options: { include_usage: true } }).finalChatCompletion();
    assert.equal(words(whole.choices[0].message.content), 7);
    assert.equal(whole.usage.completion_tokens, 7);
  },
  async tools(client) {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    const got = await client.chat.completions.create({ model: 'gpt-5.4', messages, tools, tool_choice: 'required' });
    assert.equal(got.choices[0].message.tool_calls[0].function.name, 'weather');
    assert.equal(got.choices[0].finish_reason, 'tool_calls');
  },
  async responses(client) {
    const got = await client.responses.create({ model: 'gpt-5.4', input: messages[0].content });
    assert.equal(words(got.output_text), 7);
    const again = await client.responses.retrieve(got.id);
    assert.equal(again.id, got.id);
    await client.responses.delete(got.id);
    await assert.rejects(client.responses.retrieve(got.id), OpenAI.NotFoundError);
  },
  async 'responses streamed'(client) {
    const stream = client.responses.stream({ model: 'gpt-5.4', input: messages[0].content });
    let text = '';
    stream.on('response.output_text.delta', (event) => (text += event.delta));
    const last = await stream.finalResponse();
    assert.equal(last.status, 'completed');
    assert.equal(words(text), 7);
  },
  async embeddings(client) {
    const got = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one two', 'three'] });
    assert.equal(got.data.length, 2);
    assert.ok(got.data[0].embedding.every(Number.isFinite)); // the client asks for base64 and decodes it
  },
  async completions(client) {
    const got = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: messages[0].content });
    assert.equal(words(got.choices[0].text), 7);
  },
  async images(client) {
    const got = await client.images.generate({ model: 'gpt-image-1', prompt: 'a cat', quality: 'low' });
    assert.ok(got.data[0].b64_json);
  },
  async 'image edits'(client) {
    const image = await toFile(Buffer.from('png'), 'cat.png', { type: 'image/png' });
    const got = await client.images.edit({ model: 'gpt-image-1', prompt: 'add a hat', image });
    assert.ok(got.data[0].b64_json);
  },
  async speech(client) {
    const got = await client.audio.speech.create({ model: 'tts-1', input: 'one two three', voice: 'alloy' });
    assert.equal((await got.arrayBuffer()).byteLength, 2400);
  },
  async transcription(client) {
    const got = await client.audio.transcriptions.create({ model: 'whisper-1', file: await sound() });
    assert.ok(got.text);
  },
  async 'transcription streamed'(client) {
    let text = '';
    for await (const event of await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: await sound(), stream: true })) {
      text += event.type === 'transcript.text.delta' ? event.delta : '';
    }
    assert.ok(text);
  },
  async translation(client) {
    assert.ok((await client.audio.translations.create({ model: 'whisper-1', file: await sound() })).text);
  },
  async moderations(client) {
    assert.equal((await client.moderations.create({ input: 'hello' })).results.length, 1);
  },
  async models(client) {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes('gpt-5.4') && !ids.includes('openai/gpt-5.4'), ids.join());
  },
};

for (const [form, client] of Object.entries(forms)) {
  for (const [name, use] of Object.entries(surfaces)) {
    await check(`${form}: ${name}`, async () => {
      await use(client);
      assert.ok(calls <= 4, `${calls} calls`);
    });
  }
}

// Errors, and how often the client repeats what it asked: twice by itself, unless it is told otherwise.
const client = forms.OpenAI;
const ask = (options) => client.chat.completions.create({ model: 'gpt-5.4', messages, ...options });

async function refused(type, status, code, f, expected) {
  const e = await f().then(() => assert.fail('it was answered'), (e) => e);
  assert.ok(e instanceof type, `${e}`);
  assert.equal(e.status, status);
  assert.equal(e.code, code);
  assert.ok(e.requestID || status === 401 || status === 404, 'an error has the id of its request');
  assert.equal(calls, expected, `${calls} calls`);
}

await check('a wrong key', () => refused(OpenAI.AuthenticationError, 401, 'invalid_api_key', () =>
  new OpenAI({ baseURL: `${BASE}/v1`, apiKey: 'sk-wrong', fetch: counted }).models.list(), 1));
await check('an unknown model', () => refused(OpenAI.NotFoundError, 404, 'model_not_found', () => ask({ model: 'gpt-unheard-of' }), 1));
await check('the own fault', async () => {
  const e = await ask({ messages: [] }).then(() => assert.fail('it was answered'), (e) => e);
  assert.ok(e instanceof OpenAI.BadRequestError, `${e}`);
  assert.equal(calls, 1);
});
await check('one cloud is down', async () => {
  await faults('{kind: down}', ['azure']);
  const { response } = await ask().withResponse();
  assert.equal(response.headers.get('x-concord-cloud'), 'aws');
  assert.equal(calls, 1);
  await faults('');
});
await check('a stream that is cut', async () => {
  await faults('{kind: cut, after: 3}');
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of await ask({ stream: true })) text += chunk.choices[0]?.delta?.content ?? '';
  }, (e) => e instanceof OpenAI.APIError && e.code === 'stream_cut');
  assert.ok(text.length > 0);
  assert.equal(calls, 1);
  await faults('');
});
await check('all clouds broken: nothing is repeated that the gateway tried already', async () => {
  await faults('{kind: status, status: 500}');
  await refused(OpenAI.InternalServerError, 502, 'upstream_error', () => client.embeddings.create({ model: 'text-embedding-3-small', input: 'x' }), 1);
  await faults('');
});
await check('all clouds throttled for a second: the client waits as it is told, and is served', async () => {
  await faults('{kind: throttle, retry_after: 1s}');
  const told = [];
  const watched = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: KEY, maxRetries: 5, fetch: async (url, init) => {
    const answer = await counted(url, init);
    told.push(`${answer.status} ${answer.headers.get('x-should-retry')} ${answer.headers.get('retry-after')}`);
    return answer;
  } });
  after = () => faults('');
  const began = Date.now();
  const got = await watched.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'hello [reply 3 tokens]' });
  assert.equal(words(got.choices[0].text), 3);
  assert.match(told[0], /^(429|503) true 1$/);
  assert.ok(calls >= 2 && calls <= 4 && Date.now() - began >= 900, `${told}`);
});
// The clouds run a thousand times faster here: these are ten hours.
await check('all clouds throttled for hours: the client is not sent round', async () => {
  await faults('{kind: throttle, retry_after: 10000h}');
  await refused(OpenAI.RateLimitError, 429, 'rate_limit_exceeded', () => client.images.generate({ model: 'dall-e-3', prompt: 'a cat' }), 1);
  await faults('');
});
