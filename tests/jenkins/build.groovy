// Runs a Jenkinsfile under JenkinsPipelineUnit, once for each build in a JSON file, and writes what
// became of each build to another one. The version of JenkinsPipelineUnit that is on Maven Central
// knows no declarative pipelines, so their directives are here: they are collected first and carried
// out in the order in which Jenkins does it. The steps are those of Jenkins as the Jenkinsfile uses
// them; `sh` runs the command.
import com.lesfurets.jenkins.unit.PipelineTestHelper
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

class Interrupted extends InterruptedException {}

class StepFailed extends Exception {
    StepFailed(String message) { super(message) }
}

// The global variable `env`, with the values of the innermost withEnv.
class Env {
    List<Map<String, String>> layers

    Map<String, String> all() { layers.inject([:]) { merged, layer -> merged + layer } }

    Object getAt(Object name) { all()[name as String] }

    Object getProperty(String name) { name == 'layers' ? this.@layers : all()[name] }

    void push(Map<String, String> layer) { this.@layers.add(layer) }

    void pop() { this.@layers.remove(this.@layers.size() - 1) }
}

class CurrentBuild {
    static final List<String> ORDER = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'ABORTED']
    String description
    String displayName = '#7'
    String currentResult = 'SUCCESS'
    List<Map> buildCauses

    void worsen(String result) {
        if (ORDER.indexOf(result) > ORDER.indexOf(currentResult)) {
            currentResult = result
        }
    }
}

class Build {
    static final List<String> DIRECTIVES = [
        'agent', 'triggers', 'parameters', 'options', 'environment', 'stages', 'post', 'when', 'steps'
    ]
    // In the order in which Jenkins looks at them.
    static final List<String> CONDITIONS = ['always', 'fixed', 'unsuccessful', 'cleanup']

    Map given
    File workspace
    File cwd
    Env env
    CurrentBuild current
    Map params = [:]
    Map collected
    Map result = [stages: [], mails: [], credentials: [], archived: [], pages: [], tests: [], commands: []]
    PipelineTestHelper helper = new PipelineTestHelper()
    Binding binding = new Binding()

    Build(Map given) {
        this.given = given
        workspace = new File(given.workspace as String)
        cwd = workspace
        env = new Env(layers: [given.env as Map])
        current = new CurrentBuild(buildCauses: given.causes.collect { [_class: it] })
    }

    Map run(String jenkinsfile) {
        helper.baseClassloader = PipelineTestHelper.classLoader
        helper.baseScriptRoot = new File(jenkinsfile).parent
        helper.scriptRoots = ['.'] as String[]
        helper.scriptExtension = ''
        helper.init()
        binding.setVariable('params', params)
        binding.setVariable('env', env)
        binding.setVariable('currentBuild', current)
        define('pipeline', [Closure]) { Closure body -> runPipeline(body) }
        defineDirectives()
        defineSteps()
        helper.runScript(new File(jenkinsfile).name, binding)
        result + [result: current.currentResult, description: current.description]
    }

    private void define(String name, List<Class> types, Closure body) {
        helper.registerAllowedMethod(name, types, body)
    }

    private Object evaluate(Closure body) { helper.callClosure(body) }

    // Return the directives in a body, by name, without carrying them out.
    private Map collect(Closure body) {
        Map outer = collected
        collected = [:]
        evaluate(body)
        Map inner = collected
        collected = outer
        inner
    }

    private void defineDirectives() {
        for (String directive in DIRECTIVES) {
            String name = directive
            define(name, [Closure]) { Closure body -> collected[name] = body }
        }
        for (String condition in CONDITIONS) {
            String name = condition
            define(name, [Closure]) { Closure body -> collected[name] = body }
        }
        define('stage', [String, Closure]) { String name, Closure body -> runStage(name, body) }
        define('expression', [Closure]) { Closure body -> collected.expression = evaluate(body) }
        define('script', [Closure]) { Closure body -> evaluate(body) }
        define('label', [Object]) { Object label -> result.agent = label as String }
        define('cron', [String]) { String spec -> result.cron = spec }
        define('pollSCM', [String]) { String spec -> result.poll = spec }
        for (String option in ['disableConcurrentBuilds', 'timestamps']) {
            define(option, []) { }
        }
        define('timeout', [Map]) { Map options -> result.timeout = options }
        define('logRotator', [Map]) { Map options -> options }
        define('buildDiscarder', [Map]) { Map options -> }
        for (String type in ['text', 'booleanParam', 'choice']) {
            define(type, [Map]) { Map options -> parameter(options) }
        }
        define('string', [Map]) { Map options -> options.name ? parameter(options) : options }
        define('file', [Map]) { Map options -> options }
    }

    private void parameter(Map options) {
        Object standard = options.defaultValue
        if (options.choices) {
            standard = (options.choices as String).readLines().first()
            result.jobs = (options.choices as String).readLines()
        }
        params[options.name as String] = given.params.getOrDefault(options.name, standard)
    }

    private void runPipeline(Closure body) {
        Map directives = collect(body)
        for (String name in ['parameters', 'triggers', 'options', 'agent']) {
            evaluate(directives[name] as Closure)
        }
        env.push(params.collectEntries { name, value -> [name, value as String] })
        env.push(environment(directives.environment as Closure))
        try {
            evaluate(directives.stages as Closure)
        } finally {
            runPost(directives.post as Closure)
        }
    }

    private Map environment(Closure body) {
        if (body == null) {
            return [:]
        }
        Map values = [:]
        body.delegate = values
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body.call()
        values
    }

    private void runStage(String name, Closure body) {
        if (current.currentResult in ['FAILURE', 'ABORTED']) {
            return
        }
        Map directives = collect(body)
        if (directives.when && !collect(directives.when as Closure).expression) {
            return
        }
        result.stages.add(name)
        env.push(environment(directives.environment as Closure))
        try {
            evaluate(directives.steps as Closure)
        } catch (Interrupted ignored) {
            current.worsen('ABORTED')
        } catch (StepFailed failed) {
            result.error = failed.message
            current.worsen('FAILURE')
        }
        runPost(directives.post as Closure)
        env.pop()
    }

    private void runPost(Closure body) {
        Map conditions = body == null ? [:] : collect(body)
        boolean good = current.currentResult == 'SUCCESS'
        Map<String, Boolean> hold = [
            always: true, fixed: good && given.before != 'SUCCESS', unsuccessful: !good, cleanup: true
        ]
        for (String name in CONDITIONS) {
            if (hold[name] && conditions[name]) {
                try {
                    evaluate(conditions[name] as Closure)
                } catch (StepFailed failed) {
                    result.error = failed.message
                    current.worsen('FAILURE')
                }
            }
        }
    }

    private void defineSteps() {
        define('sh', [String]) { String command -> sh([script: command]) }
        define('sh', [Map]) { Map options -> sh(options) }
        define('error', [Object]) { Object message -> throw new StepFailed(message as String) }
        define('unstable', [Object]) { Object message ->
            result.unstable = message as String
            current.worsen('UNSTABLE')
        }
        define('withEnv', [List, Closure]) { List values, Closure body ->
            env.push(values.collectEntries { (it as String).split('=', 2) as List })
            try {
                evaluate(body)
            } finally {
                env.pop()
            }
        }
        define('withCredentials', [List, Closure]) { List bindings, Closure body ->
            result.credentials += bindings*.variable
            env.push(bindings.collectEntries { [it.variable, "secret of ${it.credentialsId}" as String] })
            try {
                evaluate(body)
            } finally {
                env.pop()
            }
        }
        define('catchError', [Map, Closure]) { Map options, Closure body ->
            try {
                evaluate(body)
            } catch (StepFailed failed) {
                result.caught = "${options.message} ${failed.message}" as String
                if (options.buildResult) {
                    current.worsen(options.buildResult as String)
                }
            }
        }
        define('dir', [String, Closure]) { String path, Closure body ->
            File outer = cwd
            cwd = new File(cwd, path)
            evaluate(body)
            cwd = outer
        }
        define('deleteDir', []) { cwd.deleteDir() }
        define('archiveArtifacts', [Map]) { Map options ->
            File folder = new File(workspace, (options.artifacts as String) - '/**')
            List files = []
            if (folder.exists()) {
                folder.eachFileRecurse { if (it.file) { files.add(folder.toURI().relativize(it.toURI()).path) } }
            }
            if (!files) {
                throw new StepFailed('No artifacts found that match the file pattern')
            }
            result.archived += files.sort()
        }
        define('junit', [Map]) { Map options -> junit(options) }
        define('publishHTML', [Map]) { Map options ->
            Map target = options.target as Map
            if (!new File(workspace, "${target.reportDir}/${target.reportFiles}").exists() && !target.allowMissing) {
                throw new StepFailed('Specified HTML directory does not exist')
            }
            result.pages.add(target.reportName)
        }
        define('mail', [Map]) { Map options ->
            if (given.mailFails) {
                throw new StepFailed('Connection refused')
            }
            result.mails.add(options.collectEntries { name, value -> [name, value as String] })
        }
    }

    private void junit(Map options) {
        File file = new File(workspace, options.testResults as String)
        if (!file.exists()) {
            if (options.allowEmptyResults) {
                return
            }
            throw new StepFailed('No test report files were found')
        }
        int failures = new XmlSlurper().parse(file).'**'.count { it.name() == 'failure' }
        result.tests.add([options.testResults, failures])
        if (failures) {
            current.worsen('UNSTABLE')
        }
    }

    // As Jenkins' sh: with -xe, and with nothing of this process in the environment.
    private Object sh(Map options) {
        String command = options.script
        result.commands.add(command)
        ProcessBuilder builder = new ProcessBuilder('sh', '-xe', '-c', command)
        builder.directory(cwd)
        builder.environment().clear()
        builder.environment().putAll(env.all())
        builder.redirectError(ProcessBuilder.Redirect.appendTo(new File(workspace, 'console')))
        Process process = builder.start()
        if (command == given.abortDuring) {
            // The command says that it is at work; then somebody aborts the build.
            process.inputStream.read()
            process.destroy()
            process.waitFor()
            throw new Interrupted()
        }
        String output = process.inputStream.text
        int code = process.waitFor()
        if (options.returnStatus) {
            return code
        }
        if (code != 0) {
            throw new StepFailed("script returned exit code ${code}")
        }
        options.returnStdout ? output : null
    }
}

List builds = new JsonSlurper().parse(new File(args[1])).collect { new Build(it).run(args[0]) }
new File(args[2]).text = JsonOutput.toJson(builds)
