// A learner is a random number that stays in their browser, as a cookie: whoever has it may steer the runs it started.
// It is in no link. The server offers one; a browser that has one already answers with that.

const NAME = "dmm_learner";
const YEAR = 31536000; // seconds

export default function ({ parentElement, data, setTriggerValue }) {
  const page = parentElement.ownerDocument;
  const known = page.cookie.match(/(?:^|; )dmm_learner=([0-9a-f]{32})(?:;|$)/)?.[1];
  if (known && known !== data.learner) setTriggerValue("known", known);
  if (!known) page.cookie = `${NAME}=${data.learner}; path=/; max-age=${YEAR}; SameSite=Strict`;
}
