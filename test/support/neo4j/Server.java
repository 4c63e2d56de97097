import java.io.File;
import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.HttpConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/** A Neo4j Community server for tests: Bolt on loopback, authentication on, gone when its standard input closes. */
public class Server {
  public static void main(String[] args) throws Exception {
    Path home = new File(args[0]).toPath();
    int port = Integer.parseInt(args[1]);
    DatabaseManagementService service = new DatabaseManagementServiceBuilder(home)
        .setConfig(BoltConnector.enabled, true)
        .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", port))
        .setConfig(BoltConnector.advertised_address, new SocketAddress("127.0.0.1", port))
        .setConfig(HttpConnector.enabled, false)
        .setConfig(GraphDatabaseSettings.auth_enabled, true)
        .setConfig(GraphDatabaseSettings.pagecache_memory, 256L * 1024 * 1024)
        .build();
    Runtime.getRuntime().addShutdownHook(new Thread(service::shutdown));
    System.out.println("READY " + port);
    System.out.flush();
    while (System.in.read() >= 0) {
      // Wait until whoever started this lets go.
    }
    System.exit(0);
  }
}
