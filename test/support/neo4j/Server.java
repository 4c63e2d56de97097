import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.neo4j.configuration.GraphDatabaseInternalSettings;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.configuration.connectors.HttpConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.graphdb.config.Setting;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * Neo4j Community servers for tests in one Java process: Bolt on loopback, authentication on. Community has one
 * database for each server, so a test that needs two graphs starts two servers; the second takes a moment only.
 *
 * Lines on standard input, words between tabs: "start HOME [PORT [read-only]]" answers "READY HOME PORT", "stop HOME"
 * answers "STOPPED HOME"; what cannot be done answers "FAILED HOME REASON". Orders run side by side. All servers end
 * when standard input closes.
 */
public class Server {
  private static final Map<String, DatabaseManagementService> RUNNING = new ConcurrentHashMap<>();

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      new Thread(() -> answer(words)).start();
    }
    // The data is thrown away with the test: a good end would take seconds.
    Runtime.getRuntime().halt(0);
  }

  private static void answer(String[] words) {
    String home = words[1];
    try {
      if (words[0].equals("start")) {
        DatabaseManagementService service =
            start(Path.of(home), words.length > 2 ? Integer.parseInt(words[2]) : 0, words.length > 3);
        RUNNING.put(home, service);
        say("READY", home, String.valueOf(boltPort(service)));
      } else {
        RUNNING.remove(home).shutdown();
        say("STOPPED", home, "");
      }
    } catch (Throwable problem) {
      say("FAILED", home, String.valueOf(problem.getMessage()).replaceAll("\\s+", " "));
    }
  }

  private static synchronized void say(String... words) {
    System.out.println(String.join("\t", words));
    System.out.flush();
  }

  private static DatabaseManagementService start(Path home, int port, boolean isReadOnly) {
    // By default a server waits ten seconds for lines that fall silent before it ends. Releases differ in the type.
    Setting<?> quietPeriod = GraphDatabaseInternalSettings.netty_server_shutdown_quiet_period;
    return new DatabaseManagementServiceBuilder(home)
        .setConfig(BoltConnector.enabled, true)
        .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", port))
        .setConfig(HttpConnector.enabled, false)
        .setConfig(GraphDatabaseSettings.auth_enabled, true)
        .setConfig(GraphDatabaseSettings.read_only_database_default, isReadOnly)
        .setConfig(Map.of(quietPeriod, quietPeriod.defaultValue() instanceof Duration ? Duration.ZERO : 0))
        .setConfig(GraphDatabaseSettings.pagecache_memory, Long.getLong("pageCacheMiB", 128) * 1024 * 1024)
        .build();
  }

  private static int boltPort(DatabaseManagementService service) {
    GraphDatabaseAPI system = (GraphDatabaseAPI) service.database("system");
    return system.getDependencyResolver()
        .resolveDependency(ConnectorPortRegister.class)
        .getLocalAddress(ConnectorType.BOLT)
        .getPort();
  }
}
