import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseJUnit } from "./junit.ts";

/** What each runtime writes of a suite whose tests fail, pass and are left out. */
const REPORTS: Record<string, string> = {
  deno: `<testsuites name="deno test" tests="4" failures="2" errors="0">
    <testsuite name="./tests/std/testing/bdd.ts" tests="1">
      <testcase name="suite" classname="./tests/std/testing/bdd.ts" time="0.009">
        <failure message="1 test step failed">1 test step failed.</failure>
      </testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts" tests="3">
      <testcase name="suite &gt; fails &lt; here" time="0.004">
        <failure message="Uncaught Error: Waited in vain:
&quot;x&quot;">Error: Waited in vain:
&quot;x&quot;
    at different (file:///a/tests/std/assert/mod.ts:255:10)
    at file:///a/tests/some/one.test.ts:3:43</failure>
      </testcase>
      <testcase name="suite &gt; passes" time="0.000">
      </testcase>
      <testcase name="suite &gt; is left out" time="0.000">
        <skipped/>
      </testcase>
    </testsuite>
  </testsuites>`,
  bun: `<testsuites name="bun test" tests="3" failures="1" skipped="1">
    <testsuite name="tests/some/one.test.ts" file="tests/some/one.test.ts">
      <testsuite name="suite" file="tests/some/one.test.ts" line="1">
        <testcase name="fails &lt; here" classname="suite" time="0.01">
          <failure type="Error" message="Waited in vain:&#10;&quot;x&quot;">Error: Waited in vain:&#10;&quot;x&quot;&#10;      at different (tests/std/assert/mod.ts:255:10)&#10;      at tests/some/one.test.ts:3:43&#10;</failure>
        </testcase>
        <testcase name="passes" classname="suite" time="0" />
        <testcase name="is left out" classname="suite" time="0">
          <skipped />
        </testcase>
      </testsuite>
    </testsuite>
  </testsuites>`,
  node: `<testsuites>
    <testsuite name="suite" errors="0" tests="3" failures="1" skipped="1">
      <testcase name="fails &lt; here" classname="suite" failure="Waited in vain:">
        <failure type="testCodeFailure" message="Waited in vain:&#10;&quot;x&quot;">
[Error [ERR_TEST_FAILURE]: Waited in vain: "x"] {
  cause: Error: Waited in vain:
      at different (file:///a/tests/std/assert/mod.ts:255:10)
      at file:///a/tests/some/one.test.ts:3:43
}
        </failure>
      </testcase>
      <testcase name="passes" classname="suite"/>
      <testcase name="is left out" classname="suite">
        <skipped type="skipped" message="true"/>
      </testcase>
    </testsuite>
  </testsuites>`,
};

describe("a report of tests", () => {
  for (const [runtime, xml] of Object.entries(REPORTS)) {
    it(`of ${runtime} tells what failed, why and where`, () => {
      const [failed, ...others] = parseJUnit(xml);
      assertEquals(
        { ...failed, why: failed!.why!.replace("Uncaught Error: ", "") },
        {
          name: "suite > fails < here",
          result: "failed",
          why: 'Waited in vain:\n"x"\n(tests/some/one.test.ts:3)',
        },
      );
      assertEquals(others, [
        { name: "suite > passes", result: "passed" },
        { name: "suite > is left out", result: "skipped" },
      ]);
    });
  }

  it("blames a suite whose tests have all passed: a hook has failed", () => {
    const cases = parseJUnit(
      `<testsuite name="a.ts"><testcase name="suite"><failure message="hook"/></testcase></testsuite>
       <testsuite name="b.ts"><testcase name="suite &gt; passes"></testcase></testsuite>`,
    );
    assertEquals(cases, [
      { name: "suite", result: "failed", why: "hook" },
      { name: "suite > passes", result: "passed" },
    ]);
  });
});
