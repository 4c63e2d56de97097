import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.configuration.connectors.HttpConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * Neo4j Community servers for tests in one Java process: Bolt on loopback, authentication on. Community has one
 * database for each server, so a test that needs two graphs starts two servers; the second takes a moment only.
 *
 * Lines on standard input: "start HOME [PORT]" answers "READY HOME PORT", "stop HOME" answers "STOPPED HOME".
 * All end when standard input closes.
 */
public class Server {
  public static void main(String[] args) throws Exception {
    Map<String, DatabaseManagementService> running = new HashMap<>();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      if (words[0].equals("start")) {
        int port = words.length > 2 ? Integer.parseInt(words[2]) : 0;
        DatabaseManagementService service = start(Path.of(words[1]), port);
        running.put(words[1], service);
        System.out.println("READY\t" + words[1] + "\t" + boltPort(service));
      } else if (words[0].equals("stop")) {
        running.remove(words[1]).shutdown();
        System.out.println("STOPPED\t" + words[1]);
      }
      System.out.flush();
    }
    // The data is thrown away with the test: a good end would take seconds.
    Runtime.getRuntime().halt(0);
  }

  private static DatabaseManagementService start(Path home, int port) {
    return new DatabaseManagementServiceBuilder(home)
        .setConfig(BoltConnector.enabled, true)
        .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", port))
        .setConfig(HttpConnector.enabled, false)
        .setConfig(GraphDatabaseSettings.auth_enabled, true)
        .setConfig(GraphDatabaseSettings.pagecache_memory, 128L * 1024 * 1024)
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
